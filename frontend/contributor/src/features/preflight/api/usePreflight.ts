/** The check of this computer and of the way to the laboratory; its lines come live. */
import { useMutation } from "@tanstack/react-query";

import { answered } from "@shared/api/client";
import { useKeepAnswer, useLiveOne } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Preflight } from "@app/api/schemas.network";

const KEY = ["preflight"];

export const usePreflight = () => useLiveOne(KEY, () => answered(api.GET("/api/v1/preflight")));

export function useStartPreflight() {
  const keep = useKeepAnswer(KEY, (_kept: Preflight, view: Preflight) => view);
  return useMutation({ mutationFn: (invitation: string) => answered(api.POST("/api/v1/preflight", { body: { invitation } })).then(keep) });
}
