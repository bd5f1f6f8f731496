/** What training may take of this computer. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { components } from "@app/api/schema";

export type Resources = components["schemas"]["Resources"];
export type ResourcesView = components["schemas"]["ResourcesView"];

const KEY = ["resources"];
export const useResources = () => useQuery({ queryKey: KEY, queryFn: () => body(api.GET("/api/v1/resources")) });

export function useSetResources() {
  const queries = useQueryClient();
  return useMutation({ mutationFn: (chosen: Resources) => body(api.PUT("/api/v1/resources", { body: chosen })), onSuccess: (answer) => queries.setQueryData(KEY, answer) });
}
