/** The check of this computer and of the way to the laboratory; its lines come live. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";

export const usePreflight = () => useQuery({ queryKey: ["preflight"], queryFn: () => body(api.GET("/api/v1/preflight")) });

export function useStartPreflight() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (invitation: string) => body(api.POST("/api/v1/preflight", { body: { invitation } })),
    onSuccess: (view) => queries.setQueryData(["preflight"], view),
  });
}
