/** Scans on their way in, parsed at the border; each schema is checked against the OpenAPI types. */
import { z } from "@shared/zod";

import type { components } from "@app/api/schema";

type Api = components["schemas"];
export type Import = Api["ImportView"];
export type ImportFile = Api["ImportFileView"];
export type Storage = Api["StorageView"];
export type StudyDetails = Api["StudyDetails"];
export type Patient = Api["PatientView"];
export type Erasure = Api["ErasureView"];
export type Reconciliation = Api["Reconciliation"];

export const importSchema: z.ZodType<Import> = z.object({
  id: z.string(),
  state: z.enum(["receiving", "queued", "running", "done", "failed", "cancelled"]),
  source: z.enum(["files", "folder"]),
  folder: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  total: z.number().nullable(),
  waiting: z.number(),
  added: z.number(),
  duplicate: z.number(),
  refused: z.number(),
  left_out: z.record(z.string(), z.number()),
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  advice: z.string(),
  can_resume: z.boolean(),
  seconds_left: z.number().nullable(),
});

export const storageSchema: z.ZodType<Storage> = z.object({
  folder: z.string(),
  chosen: z.enum(["settings", "page", "default"]),
  studies: z.number(),
  used_bytes: z.number(),
  free_bytes: z.number(),
  models_bytes: z.number(),
  reserve_bytes: z.number(),
  quota_bytes: z.number().nullable(),
  level: z.enum(["ok", "low", "full"]),
});

export const receivedSchema: z.ZodType<Api["Received"]> = z.object({ files: z.number(), size_bytes: z.number() });
