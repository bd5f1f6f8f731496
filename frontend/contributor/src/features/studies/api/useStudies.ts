/** The site's own studies and their images. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { fetchVolume } from "@shared/api/array";
import { answered, snapshot, type Answered } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Study } from "@app/api/schemas";

const KEY = ["studies"];

export const useStudies = () => useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/studies", { params: { query: partOf(cursor) } })));

function useStudyChange(run: (id: string) => Promise<Answered<Study>>) {
  const queries = useQueryClient();
  const keep = useKeepAnswer(KEY, put((study: Study) => study.id));
  return useMutation({
    mutationFn: (id: string) => run(id).then(keep),
    onSuccess: () => Promise.all(["patients", "system"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

const path = (id: string) => ({ params: { path: { study_id: id } } });
export const useWithdrawStudy = () => useStudyChange((id) => answered(api.DELETE("/api/v1/studies/{study_id}", path(id))));
export const useRestoreStudy = () => useStudyChange((id) => answered(api.POST("/api/v1/studies/{study_id}/restore", path(id))));

export type StudyArray = "projections" | "attenuation" | "reference";

export const useStudyArray = (id: string, name: StudyArray) =>
  useQuery({
    queryKey: ["study-array", id, name],
    queryFn: ({ signal }) => fetchVolume(`/api/v1/studies/${encodeURIComponent(id)}/arrays/${name}`, signal),
    gcTime: 60_000,
    retry: false,
  });
