/** Sessions this site agreed to. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answered, body, snapshot, type Answered } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { useKeepAnswer, useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { SiteSession } from "@app/api/schemas";

const KEY = ["sessions"];

export const useSessions = () => useLiveList(KEY, () => snapshot(api.GET("/api/v1/sessions")));

/** What left in a round, tensor by tensor; it never changes. */
export const useReceipt = (id: string, round: number) =>
  useQuery({ queryKey: ["receipt", id, round], staleTime: Infinity, queryFn: () => body(api.GET("/api/v1/sessions/{session_id}/rounds/{round}/receipt", { params: { path: { session_id: id, round } } })) });

function useSessionChange<Input>(run: (input: Input) => Promise<Answered<SiteSession>>) {
  const queries = useQueryClient();
  const keep = useKeepAnswer(KEY, put((session: SiteSession) => session.id));
  return useMutation({
    mutationFn: (input: Input) => run(input).then(keep),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["requests"] }),
  });
}

export const useWithdraw = (id: string) =>
  useSessionChange((reason: string) => answered(api.POST("/api/v1/sessions/{session_id}/withdraw", { params: { path: { session_id: id } }, body: { reason } })));

export const usePause = (id: string) =>
  useSessionChange((paused: boolean) => (paused ? answered(api.POST("/api/v1/sessions/{session_id}/pause", { params: { path: { session_id: id } } })) : answered(api.POST("/api/v1/sessions/{session_id}/resume", { params: { path: { session_id: id } } }))));

export const useRelease = (id: string) =>
  useSessionChange(({ round, send }: { round: number; send: boolean }) =>
    answered(api.POST("/api/v1/sessions/{session_id}/rounds/{round}/release", { params: { path: { session_id: id, round } }, body: { send } })),
  );
