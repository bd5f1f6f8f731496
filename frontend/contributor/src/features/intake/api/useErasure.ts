/** What goes with a patient, and erasing it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";

const path = (id: string) => ({ params: { path: { study_id: id } } });

/** Looked at anew each time that somebody asks. */
export const useErasurePlan = (id: string | null) =>
  useQuery({
    queryKey: ["erasure", id],
    queryFn: () => body(api.GET("/api/v1/studies/{study_id}/erasure", path(id ?? ""))),
    enabled: id !== null,
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });

export function useErase(onErased: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, studies }: { id: string; studies: number }) => body(api.POST("/api/v1/studies/{study_id}/erasure", { ...path(id), body: { studies } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ refetchType: "none" }); // the next page reads anew; what this one shows is gone
      onErased();
    },
  });
}
