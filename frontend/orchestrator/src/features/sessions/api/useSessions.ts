/** Sessions, and what they are made of: tasks and strategies. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body, snapshot, snapshotOf } from "@shared/api/client";
import { keyed, useCreate } from "@shared/api/once";
import { partOf, useLiveList, useLiveOne } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Session, SessionCreate, SessionSummary } from "@app/api/schemas";

/** Every session in brief. */
export const useSessions = () =>
  useLiveList(["sessions"], (cursor) => snapshot(api.GET("/api/v1/sessions", { params: { query: partOf(cursor) } })));

/** One session, whole. */
export const useSession = (id: string) =>
  useLiveOne(["session", id], () => snapshotOf(api.GET("/api/v1/sessions/{session_id}", { params: { path: { session_id: id } } })));
export const useTasks = () => useQuery({ queryKey: ["tasks"], queryFn: async () => (await body(api.GET("/api/v1/tasks"))).items });
export const useStrategies = () =>
  useQuery({ queryKey: ["strategies"], queryFn: async () => (await body(api.GET("/api/v1/strategies"))).items });

export type SessionAction = "start" | "stop" | "resume" | "pause" | "combine-now";

const path = (id: string) => ({ params: { path: { session_id: id } } });

function act(id: string, action: SessionAction): Promise<Session> {
  switch (action) {
    case "start": return body(api.POST("/api/v1/sessions/{session_id}/start", path(id)));
    case "stop": return body(api.POST("/api/v1/sessions/{session_id}/stop", path(id)));
    case "resume": return body(api.POST("/api/v1/sessions/{session_id}/resume", path(id)));
    case "pause": return body(api.POST("/api/v1/sessions/{session_id}/pause", path(id)));
    case "combine-now": return body(api.POST("/api/v1/sessions/{session_id}/combine-now", path(id)));
  }
}

/** Act on a session; the new state comes by delta, a failure is returned to be shown. */
export const useSessionAction = (id: string) => useMutation({ mutationFn: (action: SessionAction) => act(id, action) });

export function useCreateSession() {
  const queries = useQueryClient();
  return useCreate(
    (input: SessionCreate, key) => body(api.POST("/api/v1/sessions", { body: input, headers: keyed(key) })),
    (session) =>
      queries.setQueryData<SessionSummary[]>(["sessions"], (known) =>
        known === undefined || known.some(({ id }) => id === session.id) ? known : [session, ...known],
      ),
  );
}
