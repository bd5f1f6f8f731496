/** What the pages Reconstruct and Results read, parsed at the border; checked against the OpenAPI types. */
import { z } from "@shared/zod";

import type { components } from "@app/api/schema";
import { problemSchema } from "@app/api/schemas";

type Api = components["schemas"];
export type ShippedModel = Api["ShippedModelView"];
export type ReconstructionDetails = Api["ReconstructionDetails"];
export type Alarm = NonNullable<ReconstructionDetails["alarm"]>;
export type OwnResult = Api["OwnResultView"];
export type OwnResultSummary = Api["OwnResultSummary"];
export type OwnFindings = NonNullable<OwnResult["findings"]>;
export type OwnCase = OwnFindings["cases"][number];
export type MetricSummary = OwnFindings["metrics"][number];

export const ownResultSchema: z.ZodType<OwnResultSummary> = z.object({
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
});

export const deletedSchema: z.ZodType<Api["Deleted"]> = z.object({ id: z.string() });
