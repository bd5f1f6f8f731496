/** Sessions this site agreed to. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { body, snapshot } from "@shared/api/client";
import { useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { SiteSession } from "@app/api/schemas";

export const useSessions = () => useLiveList(["sessions"], () => snapshot(api.GET("/api/v1/sessions")));

function useSessionChange<Input>(run: (input: Input) => Promise<SiteSession>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (session) => {
      queries.setQueryData<SiteSession[]>(["sessions"], (known) => known?.map((item) => (item.id === session.id ? session : item)));
      return queries.invalidateQueries({ queryKey: ["requests"] });
    },
  });
}

export const useWithdraw = (id: string) =>
  useSessionChange((reason: string) => body(api.POST("/api/v1/sessions/{session_id}/withdraw", { params: { path: { session_id: id } }, body: { reason } })));

export const usePause = (id: string) =>
  useSessionChange((paused: boolean) => (paused ? body(api.POST("/api/v1/sessions/{session_id}/pause", { params: { path: { session_id: id } } })) : body(api.POST("/api/v1/sessions/{session_id}/resume", { params: { path: { session_id: id } } }))));

export const useRelease = (id: string) =>
  useSessionChange(({ round, send }: { round: number; send: boolean }) =>
    body(api.POST("/api/v1/sessions/{session_id}/rounds/{round}/release", { params: { path: { session_id: id, round } }, body: { send } })),
  );
