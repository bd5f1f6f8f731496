/** Where studies, images and imports lie, how full it is there, and deleting everything of patients. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answered, body } from "@shared/api/client";
import { useKeepAnswer, useLiveOne } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Storage } from "@app/api/schemas.intake";

const KEY = ["storage"];

export const useStorage = () => useLiveOne(KEY, () => answered(api.GET("/api/v1/storage")));

export function useChangeStorage() {
  const keep = useKeepAnswer(KEY, (_kept: Storage, view: Storage) => view);
  return useMutation({ mutationFn: (change: { folder: string | null; quota_bytes: number | null }) => answered(api.PUT("/api/v1/storage", { body: change })).then(keep) });
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
