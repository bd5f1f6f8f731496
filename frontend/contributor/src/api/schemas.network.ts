/** The check of computer and way as the live connection brings it. */
import { z } from "@shared/zod";

import type { components } from "@app/api/schema";

type Api = components["schemas"];
export type Preflight = Api["PreflightView"];
export type PreflightLine = Api["PreflightLine"];
export type Proxy = Api["ProxyView"];
export type ProxyChange = Api["ProxyChange"];

export const preflightLineSchema: z.ZodType<PreflightLine> = z.object({
  check: z.string(),
  level: z.enum(["green", "amber", "red", "skipped"]),
  code: z.string(),
  values: z.record(z.string(), z.unknown()),
  text: z.string(),
  remedy: z.string(),
});

export const preflightSchema: z.ZodType<Preflight> = z.object({
  state: z.enum(["never", "running", "done"]),
  of: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  lines: z.array(preflightLineSchema),
  round_s: z.number().nullable(),
});
