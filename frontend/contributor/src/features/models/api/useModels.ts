/** Models this site may use. */
import { useMutation, useQuery } from "@tanstack/react-query";

import { answered, body, snapshot } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { ReceivedModel } from "@app/api/schemas";

const KEY = ["models"];

export const useModels = () => useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/models", { params: { query: partOf(cursor) } })));

/** They come with the program and change with it only. */
export const useShippedModels = () =>
  useQuery({ queryKey: ["shipped-models"], queryFn: async () => (await body(api.GET("/api/v1/models/shipped"))).items, staleTime: Infinity });

export function useFetchModel() {
  const keep = useKeepAnswer(KEY, put((model: ReceivedModel) => model.id));
  return useMutation({ mutationFn: (id: string) => answered(api.POST("/api/v1/models/{model_id}/fetch", { params: { path: { model_id: id } } })).then(keep) });
}

/** Deletes the weights here; the model stays in the list. */
export function useRemoveWeights() {
  const keep = useKeepAnswer(KEY, put((model: ReceivedModel) => model.id));
  return useMutation({ mutationFn: (id: string) => answered(api.DELETE("/api/v1/models/{model_id}/weights", { params: { path: { model_id: id } } })).then(keep) });
}
