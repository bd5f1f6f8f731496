/** What is asked of this site, and its answers. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { body, snapshot } from "@shared/api/client";
import { useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Request, RequestAnswer } from "@app/api/schemas";

export const useRequests = () => useLiveList(["requests"], () => snapshot(api.GET("/api/v1/requests")));

function useAnswering(send: (answer: RequestAnswer) => Promise<Request>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: (request) => {
      queries.setQueryData<Request[]>(["requests"], (known) => known?.map((item) => (item.session_id === request.session_id ? request : item)));
      return queries.invalidateQueries({ queryKey: ["sessions"] });
    },
  });
}

const path = (sessionId: string) => ({ params: { path: { session_id: sessionId } } });

export const useAnswer = (sessionId: string) => useAnswering((answer) => body(api.POST("/api/v1/requests/{session_id}/answer", { ...path(sessionId), body: answer })));

/** Answer a newer offer of a session that is agreed to. */
export const useAnswerFurther = (sessionId: string) => useAnswering((answer) => body(api.POST("/api/v1/requests/{session_id}/further", { ...path(sessionId), body: answer })));

/** Put a request off until a time, or ask about it again at once (null). */
export function useRemind(sessionId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (at: string | null) => body(api.PUT("/api/v1/requests/{session_id}/reminder", { ...path(sessionId), body: { at } })),
    onSuccess: (request) => queries.setQueryData<Request[]>(["requests"], (known) => known?.map((item) => (item.session_id === request.session_id ? request : item))),
  });
}
