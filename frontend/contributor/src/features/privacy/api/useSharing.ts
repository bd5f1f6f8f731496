/** Whether the laboratory may learn how the studies are spread. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";

export const useSharing = () => useQuery({ queryKey: ["sharing"], queryFn: () => body(api.GET("/api/v1/sharing")) });

export function useSetSharing() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (distributions: boolean) => body(api.PUT("/api/v1/sharing", { body: { distributions } })),
    onSuccess: (answer) => queries.setQueryData(["sharing"], answer),
  });
}
