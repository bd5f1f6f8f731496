/** Comparisons on the own hold-out. */
import { useMutation, useQueries } from "@tanstack/react-query";

import { fetchVolume } from "@shared/api/array";
import { answered, body, snapshot, type Answered } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { useKeepAnswer, useLiveList, useRemoval } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { OwnResult } from "@app/api/schemas.results";

const KEY = ["own-results"];

export const useOwnResults = () => useLiveList(KEY, () => snapshot(api.GET("/api/v1/results")));

function useAct<Input>(run: (input: Input) => Promise<Answered<OwnResult>>) {
  const keep = useKeepAnswer(KEY, put((result: OwnResult) => result.id));
  return useMutation({ mutationFn: (input: Input) => run(input).then(keep) });
}

export const useCompareOwn = () => useAct((modelId: string) => answered(api.POST("/api/v1/results", { body: { model_id: modelId } })));
export const useCancelOwn = () => useAct((id: string) => answered(api.POST("/api/v1/results/{result_id}/cancel", { params: { path: { result_id: id } } })));
export const useResumeOwn = () => useAct((id: string) => answered(api.POST("/api/v1/results/{result_id}/resume", { params: { path: { result_id: id } } })));

export const useRemoveOwn = () => useRemoval<OwnResult>(KEY, (id) => body(api.DELETE("/api/v1/results/{result_id}", { params: { path: { result_id: id } } })));

export const useCaseImages = (id: string, number: number, names: readonly string[]) =>
  useQueries({
    queries: names.map((name) => ({
      queryKey: ["own-result-array", id, number, name],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchVolume(`/api/v1/results/${encodeURIComponent(id)}/cases/${number}/arrays/${name}`, signal),
      staleTime: Infinity,
      gcTime: 120_000,
    })),
  });
