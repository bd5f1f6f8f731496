/** Comparisons on the own hold-out. */
import { useMutation, useQueries, useQuery } from "@tanstack/react-query";

import { fetchVolume } from "@shared/api/array";
import { answered, body, snapshot, type Answered } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList, useRemoval } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { OwnResult, OwnResultSummary } from "@app/api/schemas.results";

const KEY = ["own-results"];

/** Every comparison in short. */
export const useOwnResults = () => useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/results", { params: { query: partOf(cursor) } })));

/** What a comparison that is done found, case by case. */
export const useFindings = (result: OwnResultSummary | undefined) =>
  useQuery({
    queryKey: ["own-result", result?.id, result?.ended_at],
    enabled: result?.state === "done",
    queryFn: async () => (await body(api.GET("/api/v1/results/{result_id}", { params: { path: { result_id: result?.id ?? "" } } }))).findings,
  });

function useAct<Input>(run: (input: Input) => Promise<Answered<OwnResult>>) {
  const keep = useKeepAnswer(KEY, (known: OwnResultSummary[], result: OwnResult) => put((one: OwnResultSummary) => one.id)(known, result));
  return useMutation({ mutationFn: (input: Input) => run(input).then(keep) });
}

export const useCompareOwn = () => useAct((modelId: string) => answered(api.POST("/api/v1/results", { body: { model_id: modelId } })));
export const useCancelOwn = () => useAct((id: string) => answered(api.POST("/api/v1/results/{result_id}/cancel", { params: { path: { result_id: id } } })));
export const useResumeOwn = () => useAct((id: string) => answered(api.POST("/api/v1/results/{result_id}/resume", { params: { path: { result_id: id } } })));

export const useRemoveOwn = () => useRemoval<OwnResultSummary>(KEY, (id) => body(api.DELETE("/api/v1/results/{result_id}", { params: { path: { result_id: id } } })));

export const useCaseImages = (id: string, number: number, names: readonly string[]) =>
  useQueries({
    queries: names.map((name) => ({
      queryKey: ["own-result-array", id, number, name],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchVolume(`/api/v1/results/${encodeURIComponent(id)}/cases/${number}/arrays/${name}`, signal),
      staleTime: Infinity,
      gcTime: 120_000,
    })),
  });
