/** What the live connection and uploads bring, parsed at the border; each schema is checked against the OpenAPI types. */
import { z } from "@shared/zod";

import type { components } from "@app/api/schema";

type Api = components["schemas"];
export type System = Api["SystemView"];
export type Site = Api["SiteView"];
export type Invitation = Api["InvitationView"];
export type InvitationIssued = Api["InvitationIssued"];
export type SessionSummary = Api["SessionSummary"];
export type Session = Api["SessionView"];
export type SessionCreate = Api["SessionCreate"];
export type Participation = Api["ParticipationView"];
export type Round = Api["RoundView"];
export type Model = Api["ModelView"];
export type Task = Api["TaskView"];
export type Strategy = Api["StrategyView"];
export type ModelNode = Api["ModelNode"];
export type ModelPair = Api["ModelComparison"];
export type SessionEstimate = Api["SessionEstimate"];
export type Activity = Api["ActivityView"];

const json = z.record(z.string(), z.unknown());
const child = z.object({
  name: z.string(),
  state: z.enum(["starting", "ready", "restarting", "stopped"]),
  pid: z.number().nullable(),
  restarts: z.number(),
  since: z.string(),
});

export const systemSchema: z.ZodType<System> = z.object({
  name: z.string(),
  version: z.string(),
  protocol: z.string(),
  public_address: z.string(),
  ca_fingerprint: z.string(),
  children: z.array(child),
  draining: z.boolean(),
  seq: z.number(),
});

export const invitationSchema: z.ZodType<Invitation> = z.object({
  id: z.string(),
  site_name: z.string().nullable(),
  state: z.enum(["open", "used", "expired", "withdrawn"]),
  created_at: z.string(),
  expires_at: z.string(),
});

const dataSummary = z.object({
  studies_usable: z.number(),
  studies_total: z.number(),
  with_reference: z.number(),
  patients: z.number(),
  added_at: z.string().nullable().default(null),
  by_task: z.record(z.string(), z.number()).default({}),
  by_task_with_reference: z.record(z.string(), z.number()).default({}),
  distributions: z.object({
    kinds: z.record(z.string(), z.number()).default({}), cameras: z.record(z.string(), z.number()).default({}), counts: z.record(z.string(), z.number()).default({}), warned: z.number().default(0),
  }).nullable().default(null),
});

export const siteSchema: z.ZodType<Site> = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(["pending", "trusted", "suspended", "refused", "revoked", "left"]),
  fingerprint: z.string(),
  online: z.boolean(),
  last_seen: z.string().nullable(),
  requested_at: z.string(),
  software: z.string().nullable(),
  certificate_expires_at: z.string().nullable(),
  data: dataSummary.nullable(),
  new_studies: z.number(),
  sessions: z.number(),
});

const consent = z.object({
  session_id: z.string(),
  site_id: z.string(),
  offer_sha256: z.string(),
  decision: z.enum(["agree", "decline"]),
  permissions: z.object({ take_part: z.boolean(), train_on_my_data: z.boolean(), send_model: z.enum(["yes", "ask", "no"]) }),
  study_count: z.number(),
  studies_sha256: z.string(),
  valid_until: z.string(),
  signed_at: z.string(),
  reason: z.string().default(""),
  information: z.object({ version: z.string(), sha256: z.string() }).nullable().default(null),
  rule: z.object({ rule_id: z.string(), version: z.number(), sha256: z.string(), rounds_a_week: z.number().nullable().default(null), hours: z.object({ begin: z.string(), end: z.string() }).nullable().default(null) }).nullable().default(null),
});

const progress = z.object({
  session_id: z.string(),
  round: z.number(),
  phase: z.enum(["waiting", "received", "scoring", "training", "held", "sending", "sent", "failed", "withdrawn"]),
  fraction: z.number(),
  loss: z.number().nullable().default(null),
  detail: z.string().default(""),
});

export const progressSchema = z.object({ session_id: z.string(), site_id: z.string(), progress });

const participation = z.object({
  site_id: z.string(),
  site_name: z.string(),
  state: z.enum(["invited", "agreed", "declined", "training", "finished", "withdrawn"]),
  online: z.boolean(),
  consent: consent.nullable(),
  progress: progress.nullable(),
  rounds_contributed: z.number(),
  missing_code: z.string().nullable().default(null),
  rounds_agreed: z.number(),
  further: z.enum(["open", "declined"]).nullable(),
  answer_by: z.string(),
  left_out: z.boolean(),
});

const update = z.object({
  site_id: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  norm: z.number(),
  num_examples: z.number(),
  reported_examples: z.number().nullable().default(null),
  metrics: z.record(z.string(), z.number()),
  train_s: z.number(),
  score_s: z.number(),
  received_after_s: z.number(),
});

const record = z.object({
  session_id: z.string(),
  round: z.number(),
  updates: z.array(update),
  missing: z.record(z.string(), z.string()),
  max_update_norm: z.number().nullable().default(null),
  weights_file: z.string(),
  sha256: z.string(),
  metrics: z.record(z.string(), z.number()),
  push_s: z.number(),
  wait_s: z.number(),
  aggregate_s: z.number(),
  checkpoint_s: z.number(),
  total_s: z.number(),
  overhead_s: z.number(),
});

const round = z.object({
  round: z.number(),
  state: z.enum(["running", "closed", "ended"]),
  started_at: z.string(),
  deadline_at: z.string().nullable(),
  received: z.number(),
  expected: z.number(),
  record: record.nullable(),
  model_id: z.string().nullable(),
});

const summary = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(["draft", "offered", "starting", "running", "paused", "stopping", "completed", "stopped", "failed", "aborted"]),
  phase: z.enum(["waiting", "distribute", "train", "aggregate", "closed"]).nullable(),
  reason: z.string(),
  reason_text: z.string(),
  advice: z.string(),
  task: z.string(),
  strategy: z.object({ name: z.string(), parameters: json.default({}) }),
  rounds_planned: z.number(),
  rounds_closed: z.number(),
  round: z.number(),
  quorum: z.number(),
  sites_invited: z.number(),
  sites_agreed: z.number(),
  initial_model_id: z.string(),
  latest_model_id: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  answer_by: z.string(),
});

export const summarySchema: z.ZodType<SessionSummary> = summary;

export const activitySchema: z.ZodType<Activity> = z.object({
  seq: z.number(),
  at: z.string(),
  kind: z.string(),
  text: z.string(),
  subject: z.string().nullable(),
  key: z.string().nullable().default(null),
  values: json.default({}),
  actor: z.string().nullable().default(null),
});

export const sessionSchema: z.ZodType<Session> = summary.extend({
  can_start: z.boolean(),
  can_stop: z.boolean(),
  can_resume: z.boolean(),
  can_combine_now: z.boolean(),
  can_abort: z.boolean(),
  can_extend: z.boolean(),
  can_change_sites: z.boolean(),
  task_parameters: json,
  fraction: z.number(),
  round_deadline_s: z.number(),
  answer_hours: z.number(),
  start_when_ready: z.boolean(),
  start_at: z.string().nullable(),
  seed: z.number(),
  max_update_norm: z.number().nullable(),
  note: z.string(),
  participations: z.array(participation),
  rounds: z.array(round),
  log: z.array(activitySchema),
});

export const modelSchema: z.ZodType<Model> = z.object({
  id: z.string(),
  name: z.string(),
  task: z.string(),
  network: z.string(),
  origin: z.enum(["random", "uploaded", "shipped", "round", "trained"]),
  session_id: z.string().nullable(),
  round: z.number().nullable(),
  parents: z.array(z.string()),
  sha256: z.string(),
  size_bytes: z.number(),
  parameters: z.number(),
  metrics: z.record(z.string(), z.number()),
  created_at: z.string(),
  in_use: z.boolean(),
  recommended: z.boolean(),
  deleted_at: z.string().nullable(),
  card: json,
});

export const deletedSchema = z.object({ id: z.string() });
