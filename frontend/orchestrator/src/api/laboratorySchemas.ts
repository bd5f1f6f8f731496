/** What the live connection brings of the laboratory, parsed at the border; checked against the OpenAPI types. */
import { z } from "@shared/zod";

import type { components } from "@app/api/schema";

type Api = components["schemas"];
export type Job = Api["JobView"];
export type JobSummary = Api["JobSummary"];
export type DataSet = Api["SetView"];
export type SetSummary = Api["SetSummary"];
export type SetFacts = Api["SetFacts"];
export type StudyRow = Api["StudyRow"];
export type Preset = Api["Preset"];
export type Lesion = Api["LesionChoice"];
export type Comparison = Api["ComparisonResult"];
export type Tried = Api["ReconstructionResult"];

const count = z.number().nullable().default(null);

const progress = z.object({
  share: z.number().default(0),
  stage: z.string().default(""),
  done: count,
  total: count,
  step: count,
  steps: count,
  epoch: count,
  loss: count,
  best_score: count,
  left_s: count,
});

const live = progress.extend({
  losses: z.array(z.object({ step: z.number(), loss: z.number() })).default([]),
  curve: z.array(z.object({ step: z.number(), epoch: z.number(), train_loss: count, score: count, nrmse_body: count, nrmse_heart: count, ssim_heart: count })).default([]),
});

const summary = z.object({
  id: z.string(),
  number: z.number(),
  kind: z.enum(["synthesis", "check", "training", "comparison", "reconstruction"]),
  title: z.string(),
  state: z.enum(["queued", "running", "done", "failed", "cancelled", "interrupted"]),
  ending: z.boolean(),
  can_cancel: z.boolean(),
  can_resume: z.boolean(),
  live: progress,
  problem: z.object({ code: z.string(), title: z.string(), detail: z.string(), advice: z.string(), remedy: z.string().default("") }).nullable(),
  set_id: z.string().nullable(),
  model_id: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
});

export const jobSummarySchema: z.ZodType<JobSummary> = summary;
/** What is news of a job: the newest points of its curves, not what was asked of it. */
export const jobToldSchema: z.ZodType<Omit<Job, "spec">> = summary.extend({ live });

const brief = z.object({
  studies: z.number(),
  bytes: z.number(),
  references: z.record(z.string(), z.number()),
});

const facts = brief.extend({
  patients: z.number(),
  with_attenuation: z.number(),
  with_infarcts: z.number(),
  with_lesions: z.number(),
  grids: z.record(z.string(), z.number()),
  counts: z.object({ low: z.number(), middle: z.number(), high: z.number() }),
  problems: z.array(z.object({ file: z.string(), state: z.string(), reason: z.string() })),
  problem_count: z.number(),
  outliers: z.number(),
  scenarios: z.array(z.string()),
  seeds: z.array(z.number()),
});

const setSummary = z.object({
  id: z.string(),
  name: z.string(),
  origin: z.enum(["made", "folder"]),
  state: z.enum(["making", "ready", "incomplete", "missing"]),
  folder: z.string(),
  facts: brief.nullable(),
  created_at: z.string(),
  job_id: z.string().nullable(),
});

export const setSummarySchema: z.ZodType<SetSummary> = setSummary;
export const setSchema: z.ZodType<DataSet> = setSummary.extend({ facts: facts.nullable() });

export const uploadSchema: z.ZodType<Api["UploadView"]> = z.object({ id: z.string(), name: z.string() });
