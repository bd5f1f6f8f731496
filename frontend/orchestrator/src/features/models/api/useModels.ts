/** The model registry. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { answered, body, snapshot, upload, type Answered } from "@shared/api/client";
import { keyed, useCreate } from "@shared/api/once";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList, useRemoval } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import { modelSchema, type Model } from "@app/api/schemas";

const KEY = ["models"];

/** Every model; the cards come without their list of tensors. */
export const useModels = () =>
  useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/models", { params: { query: partOf(cursor) } })));

/** Read one model with its whole card. */
export const useWholeModel = () =>
  useMutation({ mutationFn: (id: string) => body(api.GET("/api/v1/models/{model_id}", { params: { path: { model_id: id } } })) });

const useKeep = () => useKeepAnswer(KEY, put((model: Model) => model.id));

function useModelAction<Input>(run: (input: Input) => Promise<Answered<Model>>) {
  const keep = useKeep();
  return useMutation({ mutationFn: (input: Input) => run(input).then(keep) });
}

export const useRenameModel = () =>
  useModelAction(({ id, name }: { id: string; name: string }) =>
    answered(api.PATCH("/api/v1/models/{model_id}", { params: { path: { model_id: id } }, body: { name } })),
  );

interface Initialise { name: string; task: string; seed: number; shipped: string | null; terms: string }

export function useInitialiseModel() {
  const keep = useKeep();
  return useCreate((input: Initialise, key) => answered(api.POST("/api/v1/models/initialise", { body: { ...input, network: null }, headers: keyed(key) })).then(keep));
}

export function useUploadModel() {
  const keep = useKeep();
  return useCreate(({ file, name, task, terms }: { file: File; name: string; task: string; terms: string }, key) => {
    const form = new FormData();
    form.append("file", file);
    form.append("name", name);
    form.append("task", task);
    form.append("terms", terms);
    return upload("/api/v1/models", form, modelSchema, key).then(keep);
  });
}

const BIN = ["model-bin"];

export const useModelBin = () =>
  useQuery({ queryKey: BIN, queryFn: async () => (await body(api.GET("/api/v1/models/bin"))).items, refetchOnMount: "always" });

export const useRecommendModel = () =>
  useModelAction(({ id, recommended }: { id: string; recommended: boolean }) =>
    answered(api.PUT("/api/v1/models/{model_id}/recommended", { params: { path: { model_id: id } }, body: { recommended } })),
  );

export function useDeleteModel() {
  const queries = useQueryClient();
  return useRemoval<Model>(
    KEY,
    (id) => body(api.DELETE("/api/v1/models/{model_id}", { params: { path: { model_id: id } } })),
    () => void queries.invalidateQueries({ queryKey: BIN }), // not waited for: the page would say meanwhile that the opened model is gone
  );
}

/** Out of the bin: back to the registry, or gone for good. */
export function useRestoreModel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => body(api.POST("/api/v1/models/{model_id}/restore", { params: { path: { model_id: id } } })),
    onSuccess: () => Promise.all([queries.invalidateQueries({ queryKey: BIN }), queries.invalidateQueries({ queryKey: ["models"] })]),
  });
}

export function useRemoveModel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => body(api.DELETE("/api/v1/models/{model_id}/remains", { params: { path: { model_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: BIN }),
  });
}

/** Ancestors and descendants of a model, deleted ones too. */
export const useFamily = (id: string) =>
  useQuery({ queryKey: ["model-family", id], refetchOnMount: "always", queryFn: () => body(api.GET("/api/v1/models/{model_id}/family", { params: { path: { model_id: id } } })) });

/** Two models and by how much their tensors differ; content never changes, so it is asked once. */
export const useModelPair = (first: string, second: string) =>
  useQuery({ queryKey: ["model-pair", first, second], staleTime: Infinity, queryFn: () => body(api.GET("/api/v1/models/{model_id}/compare/{other_id}", { params: { path: { model_id: first, other_id: second } } })) });
