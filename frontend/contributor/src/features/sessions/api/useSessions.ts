/** Sessions this site agreed to. */
import { useMutation, useQuery } from "@tanstack/react-query";

import { answered, body, snapshot, type Answered } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList, useLiveOne } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import { sessionSummarySchema, type SiteSession, type SiteSessionSummary } from "@app/api/schemas";

const KEY = ["sessions"];

/** Every session in short. */
export const useSessions = () => useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/sessions", { params: { query: partOf(cursor) } })));

/** One session with its rounds. */
export const useSession = (id: string) => useLiveOne(["session", id], () => answered(api.GET("/api/v1/sessions/{session_id}", { params: { path: { session_id: id } } })));

/** What left in a round, tensor by tensor; it never changes. */
export const useReceipt = (id: string, round: number) =>
  useQuery({ queryKey: ["receipt", id, round], staleTime: Infinity, queryFn: () => body(api.GET("/api/v1/sessions/{session_id}/rounds/{round}/receipt", { params: { path: { session_id: id, round } } })) });

/** What it changes of the request comes by delta. */
function useSessionChange<Input>(id: string, run: (input: Input) => Promise<Answered<SiteSession>>) {
  const keepWhole = useKeepAnswer(["session", id], (_known: SiteSession, session: SiteSession) => session);
  const keep = useKeepAnswer(KEY, (known: SiteSessionSummary[], session: SiteSession) => put((one: SiteSessionSummary) => one.id)(known, sessionSummarySchema.parse(session)));
  return useMutation({
    mutationFn: async (input: Input) => {
      const answer = await run(input);
      keepWhole(answer);
      return keep(answer);
    },
  });
}

export const useWithdraw = (id: string) =>
  useSessionChange(id, (reason: string) => answered(api.POST("/api/v1/sessions/{session_id}/withdraw", { params: { path: { session_id: id } }, body: { reason } })));

export const usePause = (id: string) =>
  useSessionChange(id, (paused: boolean) => (paused ? answered(api.POST("/api/v1/sessions/{session_id}/pause", { params: { path: { session_id: id } } })) : answered(api.POST("/api/v1/sessions/{session_id}/resume", { params: { path: { session_id: id } } }))));

export const useRelease = (id: string) =>
  useSessionChange(id, ({ round, send }: { round: number; send: boolean }) =>
    answered(api.POST("/api/v1/sessions/{session_id}/rounds/{round}/release", { params: { path: { session_id: id, round } }, body: { send } })),
  );
