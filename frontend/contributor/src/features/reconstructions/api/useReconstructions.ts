/** Reconstructions by OSEM and by a model, side by side. */
import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";

import { fetchVolume } from "@shared/api/array";
import { answered, body, snapshot } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList, useRemoval } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { Reconstruction } from "@app/api/schemas";
import type { ReconstructionDetails } from "@app/api/schemas.results";

const KEY = ["reconstructions"];

export const useReconstructions = () => useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/reconstructions", { params: { query: partOf(cursor) } })));

export function useReconstruct() {
  const keep = useKeepAnswer(KEY, put((reconstruction: Reconstruction) => reconstruction.id));
  return useMutation({ mutationFn: (input: { study_id: string; model_id: string }) => answered(api.POST("/api/v1/reconstructions", { body: input })).then(keep) });
}

export const useRemoveReconstruction = () => useRemoval<Reconstruction>(KEY, (id) =>
  body(api.DELETE("/api/v1/reconstructions/{reconstruction_id}", { params: { path: { reconstruction_id: id } } })),
);

/** Makes the polar maps along an axis that a person shows. */
export function useHeartAxis(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (axis: NonNullable<ReconstructionDetails["axis"]>) => body(api.PUT("/api/v1/reconstructions/{reconstruction_id}/axis", { params: { path: { reconstruction_id: id } }, body: axis })),
    onSuccess: (details) => queries.setQueryData(["reconstruction-details", id], details),
  });
}

/** What is known about the images beside their scores; only a heart's axis changes it. */
export const useReconstructionDetails = (id: string) =>
  useQuery({
    queryKey: ["reconstruction-details", id],
    queryFn: () => body(api.GET("/api/v1/reconstructions/{reconstruction_id}/details", { params: { path: { reconstruction_id: id } } })),
    staleTime: Infinity,
  });

export const useReconstructionArrays = (id: string, names: readonly string[]) =>
  useQueries({
    queries: names.map((name) => ({
      queryKey: ["reconstruction-array", id, name],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchVolume(`/api/v1/reconstructions/${encodeURIComponent(id)}/arrays/${encodeURIComponent(name)}`, signal),
      staleTime: Infinity,
      gcTime: 120_000,
    })),
  });
