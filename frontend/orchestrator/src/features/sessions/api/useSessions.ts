/** Sessions, and what they are made of: tasks and strategies. */
import { useMutation, useQuery } from "@tanstack/react-query";

import { answered, body, snapshot, type Answered } from "@shared/api/client";
import { keyed, useCreate } from "@shared/api/once";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList, useLiveOne, useLiveSeveral } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Session, SessionCreate, SessionSummary } from "@app/api/schemas";

const KEY = ["sessions"];

/** Every session in brief. */
export const useSessions = () =>
  useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/sessions", { params: { query: partOf(cursor) } })));

const path = (id: string) => ({ params: { path: { session_id: id } } });
const whole = (id: string): [string[], () => Promise<Answered<Session>>] => [["session", id], () => answered(api.GET("/api/v1/sessions/{session_id}", path(id)))];

/** One session, whole. */
export const useSession = (id: string) => useLiveOne(...whole(id));
export const useTasks = () => useQuery({ queryKey: ["tasks"], queryFn: async () => (await body(api.GET("/api/v1/tasks"))).items });
export const useStrategies = () =>
  useQuery({ queryKey: ["strategies"], queryFn: async () => (await body(api.GET("/api/v1/strategies"))).items });

export type SessionAction = "start" | "stop" | "resume" | "pause" | "combine-now" | "abort";

function act(id: string, action: SessionAction): Promise<Session> {
  switch (action) {
    case "start": return body(api.POST("/api/v1/sessions/{session_id}/start", path(id)));
    case "stop": return body(api.POST("/api/v1/sessions/{session_id}/stop", path(id)));
    case "resume": return body(api.POST("/api/v1/sessions/{session_id}/resume", path(id)));
    case "pause": return body(api.POST("/api/v1/sessions/{session_id}/pause", path(id)));
    case "abort": return body(api.POST("/api/v1/sessions/{session_id}/abort", path(id)));
    case "combine-now": return body(api.POST("/api/v1/sessions/{session_id}/combine-now", path(id)));
  }
}

/** Act on a session; the new state comes by delta, a failure is returned to be shown. */
export const useSessionAction = (id: string) => useMutation({ mutationFn: (action: SessionAction) => act(id, action) });

export function useCreateSession() {
  const keep = useKeepAnswer(KEY, (known: SessionSummary[], session: Session) => put((one: SessionSummary) => one.id)(known, session));
  return useCreate((input: SessionCreate, key) => answered(api.POST("/api/v1/sessions", { body: input, headers: keyed(key) })).then(keep));
}

export const useExtendSession = (id: string) =>
  useMutation({
    mutationFn: (wish: { rounds: number | null; round_deadline_s: number | null; answer_hours: number }) => body(api.POST("/api/v1/sessions/{session_id}/extend", { ...path(id), body: wish })),
  });

export const useChangeSites = (id: string) =>
  useMutation({
    mutationFn: (wish: { add: string[]; leave_out: string[]; answer_hours: number }) => body(api.POST("/api/v1/sessions/{session_id}/sites", { ...path(id), body: wish })),
  });

type EstimateWanted = { task: string; model_id: string | null; site_ids: string[]; rounds: number; local_epochs: number; without_reference: boolean; fraction: number };

/** What a session would take; asked again only when something it depends on changes. */
export const useEstimate = (wanted: EstimateWanted) =>
  useQuery({ queryKey: ["estimate", wanted], queryFn: () => body(api.POST("/api/v1/sessions/estimate", { body: wanted })), enabled: wanted.task !== "" && wanted.site_ids.length > 0 });

/** Several sessions, whole, in the order of their ids. */
export const useWholeSessions = (ids: readonly string[]) => useLiveSeveral(ids.map(whole));
