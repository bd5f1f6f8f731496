/** What is asked of this site, and its answers. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { body, snapshot } from "@shared/api/client";
import { useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Request, RequestAnswer } from "@app/api/schemas";

export const useRequests = () => useLiveList(["requests"], () => snapshot(api.GET("/api/v1/requests")));

export function useAnswer(sessionId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (answer: RequestAnswer) => body(api.POST("/api/v1/requests/{session_id}/answer", { params: { path: { session_id: sessionId } }, body: answer })),
    onSuccess: (request) => {
      queries.setQueryData<Request[]>(["requests"], (known) => known?.map((item) => (item.session_id === request.session_id ? request : item)));
      return queries.invalidateQueries({ queryKey: ["sessions"] });
    },
  });
}
