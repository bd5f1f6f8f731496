/** Limits, times of keeping, drain mode. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

type Api = components["schemas"];
export type Limits = Api["Limits"];
export type Retention = Api["Retention"];

export const useLimits = () => useQuery({ queryKey: ["limits"], queryFn: () => body(api.GET("/api/v1/settings/limits")) });
export const useRetention = () => useQuery({ queryKey: ["retention"], queryFn: () => body(api.GET("/api/v1/settings/retention")) });
export const useDrain = () => useQuery({ queryKey: ["drain"], queryFn: () => body(api.GET("/api/v1/drain")), refetchInterval: (query) => (query.state.data?.on === true ? 3000 : false) });

/** Keep the answer of a change where the setting is read. */
function useChange<Input, Output>(key: string, run: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: run, onSuccess: (answer) => queries.setQueryData([key], answer) });
}

/** The limits decide what counts as much new data. */
export function useSetLimits() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Limits) => body(api.PUT("/api/v1/settings/limits", { body: input })),
    onSuccess: (answer) => {
      queries.setQueryData(["limits"], answer);
      return queries.invalidateQueries({ queryKey: ["new-data"] });
    },
  });
}

export const useSetRetention = () => useChange("retention", (input: Retention) => body(api.PUT("/api/v1/settings/retention", { body: input })));
export const useSwitchDrain = () => useChange("drain", (on: boolean) => body(api.PUT("/api/v1/drain", { body: { on } })));
