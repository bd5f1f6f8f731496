/** Models this site may use. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body, snapshot } from "@shared/api/client";
import { useLiveList } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import type { ReceivedModel } from "@app/api/schemas";

export const useModels = () => useLiveList(["models"], () => snapshot(api.GET("/api/v1/models")));

/** They come with the program and change with it only. */
export const useShippedModels = () =>
  useQuery({ queryKey: ["shipped-models"], queryFn: async () => (await body(api.GET("/api/v1/models/shipped"))).items, staleTime: Infinity });

export function useFetchModel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => body(api.POST("/api/v1/models/{model_id}/fetch", { params: { path: { model_id: id } } })),
    onSuccess: (model) => queries.setQueryData<ReceivedModel[]>(["models"], (known) => known?.map((item) => (item.id === model.id ? model : item))),
  });
}
