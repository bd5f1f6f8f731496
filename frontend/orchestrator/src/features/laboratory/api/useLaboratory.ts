/** Data sets and jobs of the laboratory, in short and whole, and what starts them. */
import { useMutation, useQueries, useQuery } from "@tanstack/react-query";

import { fetchVolume } from "@shared/api/array";
import { answered, body, snapshot, upload, type Answered } from "@shared/api/client";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList, useLiveOne, useRemoval } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import { uploadSchema, type DataSet, type Job, type JobSummary, type SetSummary } from "@app/api/laboratorySchemas";
import type { components } from "@app/api/schema";

type Api = components["schemas"];
const JOBS = ["laboratory-jobs"];
const SETS = ["laboratory-sets"];
/** No delta says that a log grew. */
const LOG_EVERY_MS = 5000;

/** Every job in short. */
export const useJobs = () => useLiveList(JOBS, (cursor) => snapshot(api.GET("/api/v1/laboratory/jobs", { params: { query: partOf(cursor) } })));
/** Every data set in short. */
export const useSets = () => useLiveList(SETS, (cursor) => snapshot(api.GET("/api/v1/laboratory/sets", { params: { query: partOf(cursor) } })));
export const useScenarios = () => useQuery({ queryKey: ["laboratory-scenarios"], queryFn: () => body(api.GET("/api/v1/laboratory/scenarios")), staleTime: Infinity });

const ofJob = (id: string) => ({ params: { path: { job_id: id } } });
const ofSet = (id: string) => ({ params: { path: { set_id: id } } });

/** One job with its curves; null once it is removed. */
export const useJob = (id: string) => useLiveOne<Job | null>(["laboratory-job", id], () => answered(api.GET("/api/v1/laboratory/jobs/{job_id}", ofJob(id))));
/** One data set, whole; null once it is removed. */
export const useSet = (id: string) => useLiveOne<DataSet | null>(["laboratory-set", id], () => answered(api.GET("/api/v1/laboratory/sets/{set_id}", ofSet(id))));

type StudiesWanted = { search?: string; pictured?: boolean; limit?: number };

function useStudies(set: SetSummary | undefined, wanted: StudiesWanted) {
  return useQuery({
    queryKey: ["laboratory-studies", set?.id, set?.state, wanted],
    enabled: set !== undefined && set.facts !== null,
    queryFn: () => body(api.GET("/api/v1/laboratory/sets/{set_id}/studies", { params: { ...ofSet(set?.id ?? "").params, query: wanted } })),
    placeholderData: (before, query) => (query?.queryKey[1] === set?.id ? before : undefined),
  });
}

/** So many studies are offered at once. */
export const MOST_NAMED = 50;

export const usePicturedStudies = (set: SetSummary) => useStudies(set, { pictured: true });

/** The first studies whose names hold what is searched: there may be thousands, which only the program looks through. */
export const useStudiesNamed = (set: SetSummary | undefined, search: string) => useStudies(set, { search: search.slice(0, 80), limit: MOST_NAMED });

export const useJobLog = (job: Job) =>
  useQuery({
    queryKey: ["laboratory-log", job.id, job.state, job.live.stage],
    queryFn: async () => (await body(api.GET("/api/v1/laboratory/jobs/{job_id}/log", ofJob(job.id)))).lines,
    placeholderData: (before) => before,
    refetchInterval: job.state === "running" ? LOG_EVERY_MS : false,
  });

export const useResult = (job: Job) =>
  useQuery({ queryKey: ["laboratory-result", job.id, job.ended_at], enabled: job.state === "done", queryFn: () => body(api.GET("/api/v1/laboratory/jobs/{job_id}/result", ofJob(job.id))) });

export const useTriedImages = (job: Job, names: readonly string[]) =>
  useQueries({
    queries: names.map((name) => ({
      queryKey: ["laboratory-array", job.id, job.ended_at, name],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchVolume(`/api/v1/laboratory/jobs/${encodeURIComponent(job.id)}/arrays/${encodeURIComponent(name)}`, signal),
      gcTime: 120_000,
    })),
  });

/** Something that queues a job: the list knows it at once. */
function useStart<Input>(run: (input: Input) => Promise<Answered<Job>>) {
  const keep = useKeepAnswer(JOBS, (known: JobSummary[], job: Job) => put((one: JobSummary) => one.id)(known, job));
  return useMutation({ mutationFn: (input: Input) => run(input).then(keep) });
}

export const useMakeData = () => useStart((input: Api["SynthesisCreate"]) => answered(api.POST("/api/v1/laboratory/synthesis", { body: input })));
export const useTrain = () => useStart((input: Api["TrainingCreate"]) => answered(api.POST("/api/v1/laboratory/trainings", { body: input })));
export const useCompare = () => useStart((input: Api["ComparisonCreate"]) => answered(api.POST("/api/v1/laboratory/comparisons", { body: input })));

export type TryInput = Omit<Api["ReconstructionCreate"], "upload_id"> & { upload: File | null };

export const useTry = () =>
  useStart(async ({ upload: file, ...input }: TryInput) => {
    let uploadId: string | null = null;
    if (file !== null) {
      const form = new FormData();
      form.append("file", file);
      uploadId = (await upload("/api/v1/laboratory/uploads", form, uploadSchema)).value.id;
    }
    return answered(api.POST("/api/v1/laboratory/reconstructions", { body: { ...input, upload_id: uploadId } }));
  });

export const useEstimate = () => useMutation({ mutationFn: (input: Api["ScenarioAsked"]) => body(api.POST("/api/v1/laboratory/estimate", { body: input })) });

export function useAddFolder() {
  const keep = useKeepAnswer(SETS, (known: SetSummary[], set: DataSet) => put((one: SetSummary) => one.id)(known, set));
  return useMutation({ mutationFn: (input: Api["FolderCreate"]) => answered(api.POST("/api/v1/laboratory/sets", { body: input })).then(keep) });
}

export const useRemoveSet = () => useRemoval<SetSummary>(SETS, (id) => body(api.DELETE("/api/v1/laboratory/sets/{set_id}", ofSet(id))));
export const useRemoveJob = () => useRemoval<JobSummary>(JOBS, (id) => body(api.DELETE("/api/v1/laboratory/jobs/{job_id}", ofJob(id))));

/** The new state comes by delta; a failure is returned to be shown. */
export const useCancelJob = (id: string) => useMutation({ mutationFn: () => body(api.POST("/api/v1/laboratory/jobs/{job_id}/cancel", ofJob(id))) });
export const useResumeJob = (id: string) => useMutation({ mutationFn: () => body(api.POST("/api/v1/laboratory/jobs/{job_id}/resume", ofJob(id))) });
