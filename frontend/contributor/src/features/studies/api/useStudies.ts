/** The site's own studies and their images. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { fetchVolume } from "@shared/api/array";
import { body, snapshot } from "@shared/api/client";
import { partOf, useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Study } from "@app/api/schemas";

export const useStudies = () => useLiveList(["studies"], (cursor) => snapshot(api.GET("/api/v1/studies", { params: { query: partOf(cursor) } })));

function useStudyChange(run: (id: string) => Promise<Study>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (study) => {
      queries.setQueryData<Study[]>(["studies"], (known) => known?.map((item) => (item.id === study.id ? study : item)));
      return queries.invalidateQueries({ queryKey: ["system"] });
    },
  });
}

const path = (id: string) => ({ params: { path: { study_id: id } } });
export const useWithdrawStudy = () => useStudyChange((id) => body(api.DELETE("/api/v1/studies/{study_id}", path(id))));
export const useRestoreStudy = () => useStudyChange((id) => body(api.POST("/api/v1/studies/{study_id}/restore", path(id))));

export type StudyArray = "projections" | "attenuation" | "reference";

export const useStudyArray = (id: string, name: StudyArray) =>
  useQuery({
    queryKey: ["study-array", id, name],
    queryFn: ({ signal }) => fetchVolume(`/api/v1/studies/${encodeURIComponent(id)}/arrays/${name}`, signal),
    gcTime: 60_000,
    retry: false,
  });
