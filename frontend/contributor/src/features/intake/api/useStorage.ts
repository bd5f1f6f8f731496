/** Where everything of patients lies, how full it is, and deleting all of it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body, snapshotOf } from "@shared/api/client";
import { useLiveOne } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";

export const useStorage = () => useLiveOne(["storage"], () => snapshotOf(api.GET("/api/v1/storage")));

export function useChangeStorage() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: { folder: string | null; quota_bytes: number | null }) => body(api.PUT("/api/v1/storage", { body: change })),
    onSuccess: (view) => queries.setQueryData(["storage"], view),
  });
}

export function useRemoveData() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (studies: number) => body(api.POST("/api/v1/storage/removal", { body: { studies } })),
    onSuccess: () => queries.invalidateQueries(),
  });
}

export const useStudyDetails = (id: string, state: string) =>
  useQuery({
    queryKey: ["study-details", id, state],
    queryFn: () => body(api.GET("/api/v1/studies/{study_id}/details", { params: { path: { study_id: id } } })),
    placeholderData: (before) => before,
  });
