/** What the live connection and uploads bring, parsed at the border; each schema is checked against the OpenAPI types. */
import { z } from "@shared/zod";

import type { components } from "@app/api/schema";
import { preflightLineSchema } from "@app/api/schemas.network";

type Api = components["schemas"];
export type System = Api["SystemView"];
export type Connection = Api["ConnectionView"];
export type InvitationPreview = Api["InvitationPreview"];
export type Study = Api["StudyView"];
export type Request = Api["RequestView"];
export type FurtherOffer = NonNullable<Request["further"]>;
export type RequestAnswer = Api["RequestAnswer"];
export type SendPermission = Api["SendPermission"];
export type SiteSession = Api["SiteSessionView"];
export type SiteSessionSummary = Api["SiteSessionSummary"];
export type SiteRound = Api["SiteRoundView"];
export type SiteRoundBrief = Api["SiteRoundBrief"];
export type ReceivedModel = Api["ReceivedModelView"];
export type Reconstruction = Api["ReconstructionView"];
export type Activity = Api["ActivityView"];

const json = z.record(z.string(), z.unknown());
const numbers = z.record(z.string(), z.number());

export const connectionSchema: z.ZodType<Connection> = z.object({
  state: z.enum(["not_enrolled", "pending", "connected", "reconnecting", "refused", "suspended", "revoked", "protocol_mismatch"]),
  since: z.string(),
  detail: z.string(),
  code: z.string(),
  orchestrator: z.string().nullable(),
  address: z.string().nullable(),
  site_id: z.string().nullable(),
  site_name: z.string().nullable(),
  fingerprint: z.string().nullable(),
  ca_fingerprint: z.string().nullable(),
  certificate_expires_at: z.string().nullable(),
  last_contact: z.string().nullable(),
  finding: preflightLineSchema.nullable(),
});

export const systemSchema: z.ZodType<System> = z.object({
  version: z.string(),
  protocol: z.string(),
  connection: connectionSchema,
  children: z.array(
    z.object({ name: z.string(), state: z.enum(["starting", "ready", "restarting", "stopped"]), pid: z.number().nullable(), restarts: z.number(), since: z.string() }),
  ),
  shared_summary: z.object({
    studies_usable: z.number(),
    studies_total: z.number(),
    with_reference: z.number(),
    patients: z.number(),
    added_at: z.string().nullable().default(null),
    by_task: numbers.default({}),
    by_task_with_reference: numbers.default({}),
    distributions: z.object({ kinds: numbers.default({}), cameras: numbers.default({}), counts: numbers.default({}), warned: z.number().default(0) }).nullable().default(null),
  }),
  seq: z.number(),
});

const note = z.object({ code: z.string(), text: z.string(), values: z.record(z.string(), z.union([z.number(), z.string()])) });

export const studySchema: z.ZodType<Study> = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(["usable", "unusable", "withdrawn"]),
  task: z.string(),
  kind: z.string(),
  added_at: z.string(),
  size_bytes: z.number(),
  sha256: z.string(),
  patient: z.string().nullable(),
  has_reference: z.boolean(),
  counts: z.number().nullable(),
  shape: z.array(z.number()),
  geometry: note,
  problem: z.string().default(""),
  problem_code: z.string().default(""),
  advice: z.string().default(""),
  warnings: z.array(note),
  deidentified: z.array(z.string()),
  used_in_sessions: z.number(),
});

const permissions = z.object({ take_part: z.boolean(), train_on_my_data: z.boolean(), send_model: z.enum(["yes", "ask", "no"]) });
const consent = z.object({
  session_id: z.string(),
  site_id: z.string(),
  offer_sha256: z.string(),
  decision: z.enum(["agree", "decline"]),
  permissions,
  study_count: z.number(),
  studies_sha256: z.string(),
  valid_until: z.string(),
  signed_at: z.string(),
  reason: z.string().default(""),
  information: z.object({ version: z.string(), sha256: z.string() }).nullable().default(null),
  rule: z.object({ rule_id: z.string(), version: z.number(), sha256: z.string(), rounds_a_week: z.number().nullable().default(null), hours: z.object({ begin: z.string(), end: z.string() }).nullable().default(null) }).nullable().default(null),
});
const offer = z.object({
  session_id: z.string(),
  title: z.string(),
  orchestrator: z.string(),
  site_id: z.string(),
  task: z.string(),
  task_parameters: json,
  network: json,
  initial_model_sha256: z.string(),
  strategy: z.object({ name: z.string(), parameters: json.default({}) }),
  rounds: z.number(),
  quorum: z.number(),
  sites_invited: z.number(),
  round_deadline_s: z.number(),
  update_bytes: z.number(),
  bundle_sha256: z.string(),
  issued_at: z.string(),
  answer_by: z.string(),
  note: z.string().default(""),
});

export const requestSchema: z.ZodType<Request> = z.object({
  session_id: z.string(),
  state: z.enum(["open", "agreed", "declined", "expired", "withdrawn", "closed"]),
  received_at: z.string(),
  offer,
  offer_sha256: z.string(),
  verified: z.boolean(),
  studies_covered: z.number(),
  total_bytes: z.number(),
  consent: consent.nullable(),
  consent_sha256: z.string().nullable(),
  rule_name: z.string().nullable(),
  remind_at: z.string().nullable(),
  further: z.object({ offer, offer_sha256: z.string(), received_at: z.string(), open: z.boolean(), studies_covered: z.number(), total_bytes: z.number() }).nullable(),
});

const sent = z.object({
  bytes: z.number(),
  tensors: z.number(),
  sha256: z.string(),
  norm: z.number(),
  num_examples: z.number(),
});
export const roundBriefSchema = z.object({
  round: z.number(),
  phase: z.enum(["waiting", "received", "scoring", "training", "held", "sending", "sent", "failed", "withdrawn"]),
  fraction: z.number(),
  loss: z.number().nullable(),
  code: z.string().nullable(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  scores: numbers.nullable(),
  sent: sent.nullable(),
});
const round: z.ZodType<SiteRound> = roundBriefSchema.extend({ losses: z.array(z.number()) });

export const progressSchema = z.object({ session_id: z.string(), round });
/** What a list keeps of it. */
export const progressBriefSchema = z.object({ session_id: z.string(), round: roundBriefSchema });

export const sessionSummarySchema: z.ZodType<SiteSessionSummary> = z.object({
  id: z.string(),
  title: z.string(),
  task: z.string(),
  state: z.string(),
  reason: z.string(),
  consent_state: z.enum(["agreed", "withdrawn"]),
  paused: z.boolean(),
  orchestrator: z.string(),
  destination: z.string(),
  round_deadline_s: z.number(),
  round: z.number(),
  rounds_planned: z.number(),
  studies: z.number(),
  bytes_sent: z.number(),
  latest_round: roundBriefSchema.nullable(),
  held: z.array(z.number()),
  latest_model_id: z.string().nullable(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
});

export const modelSchema: z.ZodType<ReceivedModel> = z.object({
  id: z.string(),
  name: z.string(),
  session_id: z.string(),
  session_title: z.string(),
  round: z.number(),
  final: z.boolean(),
  task: z.string(),
  sha256: z.string(),
  size_bytes: z.number(),
  fetched: z.boolean(),
  received_at: z.string(),
  metrics: numbers,
  card: json,
});

export const problemSchema = z.object({ code: z.string(), title: z.string(), detail: z.string(), advice: z.string() });

export const reconstructionSchema: z.ZodType<Reconstruction> = z.object({
  id: z.string(),
  study_id: z.string(),
  model_id: z.string(),
  state: z.enum(["running", "done", "failed"]),
  problem: problemSchema.nullable(),
  arrays: z.array(z.string()),
  metrics: z.record(z.string(), numbers),
  seconds: numbers,
  created_at: z.string(),
  progress: z.number().default(0),
});

export const activitySchema: z.ZodType<Activity> = z.object({
  seq: z.number(),
  at: z.string(),
  kind: z.string(),
  text: z.string(),
  subject: z.string().nullable(),
  key: z.string().nullable().default(null),
  values: z.record(z.string(), z.unknown()).default({}),
  actor: z.string().nullable().default(null),
});
