/** Which deltas change which lists. */
import type { QueryClient } from "@tanstack/react-query";

import { followEach, followList, followOne, LiveConnection } from "@shared/realtime/live";
import { named, remove, upsert } from "@shared/realtime/resources";

import { jobSummarySchema, jobToldSchema, setSchema, setSummarySchema, type DataSet, type Job, type JobSummary, type SetSummary } from "@app/api/laboratorySchemas";
import {
  activitySchema, deletedSchema, invitationSchema, modelSchema, progressSchema, sessionSchema, siteSchema, summarySchema, systemSchema,
  type Invitation, type Model, type Session, type SessionSummary, type Site,
} from "@app/api/schemas";

/** One site's progress goes into its participation. */
export function applyProgress(session: Session, data: unknown): Session {
  const parsed = progressSchema.safeParse(data);
  if (!parsed.success) return session;
  const { site_id: siteId, progress } = parsed.data;
  return { ...session, participations: session.participations.map((site) => (site.site_id === siteId ? { ...site, progress } : site)) };
}

/** A delta tells the newest rounds only: the earlier ones stay as they are known. */
export function applySession(session: Session, data: unknown): Session {
  const parsed = sessionSchema.safeParse(data);
  if (!parsed.success) return session;
  const told = new Set(parsed.data.rounds.map(({ round }) => round));
  return { ...parsed.data, rounds: [...session.rounds.filter(({ round }) => !told.has(round)), ...parsed.data.rounds] };
}

/** Pages that stay open through a long training keep no more points than this of each curve. */
const MOST_POINTS = 500;

/** A delta tells the newest points only. What is known from its first one on gives way: a training that goes on repeats steps. */
function continued<Point extends { step: number }>(known: readonly Point[], told: readonly Point[]): Point[] {
  const first = told[0];
  if (first === undefined) return [];
  const points = [...known.filter(({ step }) => step < first.step), ...told];
  return points.length > MOST_POINTS ? points.filter((_, place) => (points.length - 1 - place) % 2 === 0) : points;
}

export function applyJob(job: Job | null, data: unknown): Job | null {
  const parsed = jobToldSchema.safeParse(data);
  if (job === null || !parsed.success) return job;
  const { live } = parsed.data;
  return { ...job, ...parsed.data, live: { ...live, curve: continued(job.live.curve ?? [], live.curve ?? []), losses: continued(job.live.losses ?? [], live.losses ?? []) } };
}

function applySet(set: DataSet | null, data: unknown): DataSet | null {
  const parsed = setSchema.safeParse(data);
  return set === null || !parsed.success ? set : parsed.data;
}

/** What was removed while its page is open. */
const gone = () => null;

/** Others switch drain mode too; who looks at it is told at once, and asks for what still runs. */
function applyDrain(known: unknown, data: unknown): unknown {
  const parsed = systemSchema.safeParse(data);
  return parsed.success && typeof known === "object" ? { ...known, on: parsed.data.draining } : known;
}

export function createLive(queries: QueryClient): LiveConnection {
  return new LiveConnection(queries, [
    followOne("system", ["system"], systemSchema),
    { type: "system", queryKey: ["drain"], apply: applyDrain },
    followList("invitation", ["invitations"], upsert(invitationSchema, (item: Invitation) => item.id)),
    followList("site", ["sites"], upsert(siteSchema, (item: Site) => item.id)),
    followList("session", ["sessions"], upsert(summarySchema, (item: SessionSummary) => item.id)),
    followEach("session", "session", named("id"), applySession),
    followEach("progress", "session", named("session_id"), applyProgress),
    followList("model", ["models"], upsert(modelSchema, (item: Model) => item.id)),
    followList("model_deleted", ["models"], remove(deletedSchema, (item: Model) => item.id)),
    followList("laboratory_job", ["laboratory-jobs"], upsert(jobSummarySchema, (item: JobSummary) => item.id)),
    followList("laboratory_job_deleted", ["laboratory-jobs"], remove(deletedSchema, (item: JobSummary) => item.id)),
    followEach("laboratory_job", "laboratory-job", named("id"), applyJob),
    followEach("laboratory_job_deleted", "laboratory-job", named("id"), gone),
    followList("laboratory_set", ["laboratory-sets"], upsert(setSummarySchema, (item: SetSummary) => item.id)),
    followList("laboratory_set_deleted", ["laboratory-sets"], remove(deletedSchema, (item: SetSummary) => item.id)),
    followEach("laboratory_set", "laboratory-set", named("id"), applySet),
    followEach("laboratory_set_deleted", "laboratory-set", named("id"), gone),
    followList("activity", ["activity"], upsert(activitySchema, (item) => item.seq)),
  ]);
}
