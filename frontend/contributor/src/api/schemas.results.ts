/** What the pages Reconstruct and Results read, parsed at the border; checked against the OpenAPI types. */
import { z } from "@shared/zod";

import type { components } from "@app/api/schema";
import { problemSchema } from "@app/api/schemas";

type Api = components["schemas"];
export type ShippedModel = Api["ShippedModelView"];
export type ReconstructionDetails = Api["ReconstructionDetails"];
export type Alarm = NonNullable<ReconstructionDetails["alarm"]>;
export type OwnResult = Api["OwnResultView"];
export type OwnFindings = NonNullable<OwnResult["findings"]>;
export type OwnCase = OwnFindings["cases"][number];
export type MetricSummary = OwnFindings["metrics"][number];

const estimate = z.object({ value: z.number(), low: z.number(), high: z.number(), patients: z.number() });
const difference = estimate.extend({ verdict: z.enum(["better", "worse", "unclear", "too_few"]) }).nullable();
const scores = z.record(z.string(), z.record(z.string(), z.number().nullable()));

export const ownResultSchema: z.ZodType<OwnResult> = z.object({
  id: z.string(),
  session_id: z.string(),
  session_title: z.string(),
  model_id: z.string(),
  model_name: z.string(),
  round: z.number(),
  state: z.enum(["queued", "running", "done", "failed", "cancelled", "interrupted"]),
  ending: z.boolean(),
  stage: z.string(),
  progress: z.number(),
  created_at: z.string(),
  ended_at: z.string().nullable(),
  problem: problemSchema.nullable(),
  findings: z
    .object({
      metrics: z.array(
        z.object({ key: z.string(), higher_is_better: z.boolean(), methods: z.record(z.string(), estimate), federated_over_local: difference, federated_over_osem: difference, local_over_osem: difference }),
      ),
      cases: z.array(z.object({ study_id: z.string().nullable(), name: z.string(), patient: z.string(), scores, arrays: z.array(z.string()) })),
      patients: z.number(),
      trained_on: z.number(),
      rounds: z.array(z.number()),
      steps: z.number(),
      left_out: z.number(),
      half_counts: z.number().default(0),
    })
    .nullable(),
});

export const deletedSchema: z.ZodType<Api["Deleted"]> = z.object({ id: z.string() });
