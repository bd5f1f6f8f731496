/** What is asked of this site, and its answers. */
import { useMutation } from "@tanstack/react-query";

import { answered, snapshot, type Answered } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Request, RequestAnswer } from "@app/api/schemas";

const KEY = ["requests"];

export const useRequests = () => useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/requests", { params: { query: partOf(cursor) } })));

const useKeep = () => useKeepAnswer(KEY, put((request: Request) => request.session_id));

/** The session that an agreement begins comes by delta. */
function useAnswering(send: (answer: RequestAnswer) => Promise<Answered<Request>>) {
  const keep = useKeep();
  return useMutation({ mutationFn: (answer: RequestAnswer) => send(answer).then(keep) });
}

const path = (sessionId: string) => ({ params: { path: { session_id: sessionId } } });

export const useAnswer = (sessionId: string) => useAnswering((answer) => answered(api.POST("/api/v1/requests/{session_id}/answer", { ...path(sessionId), body: answer })));

/** Answer a newer offer of a session that is agreed to. */
export const useAnswerFurther = (sessionId: string) => useAnswering((answer) => answered(api.POST("/api/v1/requests/{session_id}/further", { ...path(sessionId), body: answer })));

/** Put a request off until a time, or ask about it again at once (null). */
export function useRemind(sessionId: string) {
  const keep = useKeep();
  return useMutation({ mutationFn: (at: string | null) => answered(api.PUT("/api/v1/requests/{session_id}/reminder", { ...path(sessionId), body: { at } })).then(keep) });
}
