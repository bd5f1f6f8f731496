/** Which deltas change which cache entries. */
import type { QueryClient } from "@tanstack/react-query";

import { followEach, followList, followOne, LiveConnection, type Follower } from "@shared/realtime/live";
import { named, remove, upsert, type Change } from "@shared/realtime/resources";

import {
  activitySchema, connectionSchema, modelSchema, progressBriefSchema, progressSchema, reconstructionSchema, requestSchema, sessionSummarySchema, studySchema, systemSchema,
  type ReceivedModel, type Reconstruction, type Request, type SiteSession, type SiteSessionSummary, type Study,
} from "@app/api/schemas";
import { deletedSchema, ownResultSchema, type OwnResultSummary } from "@app/api/schemas.results";
import { preflightSchema } from "@app/api/schemas.network";
import { importSchema, storageSchema, type Import } from "@app/api/schemas.intake";

/** What a list shows of a session follows its newest round. */
export const applyProgress: Change<SiteSessionSummary> = (sessions, data) => {
  const parsed = progressBriefSchema.safeParse(data);
  if (!parsed.success) return sessions;
  const { session_id: id, round: latest } = parsed.data;
  return sessions.map((session) =>
    session.id !== id || latest.round < (session.latest_round?.round ?? 0) ? session : { ...session, round: Math.max(session.round, latest.round), latest_round: latest },
  );
};

/** The same goes into the session itself, with its curve. */
export function applyRound(session: SiteSession, data: unknown): SiteSession {
  const parsed = progressSchema.safeParse(data);
  if (!parsed.success) return session;
  const { session_id: id, round } = parsed.data;
  const [brief = session] = applyProgress([session], { session_id: id, round });
  return { ...session, ...brief, rounds: [...session.rounds.filter((known) => known.round !== round.round), round].sort((a, b) => a.round - b.round) };
}

/** A delta of a session tells what lists show of it; its rounds come one by one. */
export function applySession(session: SiteSession, data: unknown): SiteSession {
  const parsed = sessionSummarySchema.safeParse(data);
  return parsed.success ? { ...session, ...parsed.data } : session;
}

/** The connection lives inside the system's entry. */
const connection: Follower = {
  type: "connection",
  queryKey: ["system"],
  apply: (current, data) => {
    const system = systemSchema.safeParse(current);
    const parsed = connectionSchema.safeParse(data);
    return system.success && parsed.success ? { ...system.data, connection: parsed.data } : current;
  },
};

export function createLive(queries: QueryClient): LiveConnection {
  return new LiveConnection(queries, [
    followOne("system", ["system"], systemSchema),
    connection,
    followOne("preflight", ["preflight"], preflightSchema),
    followList("study", ["studies"], upsert(studySchema, (item: Study) => item.id)),
    followList("study_deleted", ["studies"], remove(deletedSchema, (item: Study) => item.id)),
    followList("import", ["imports"], upsert(importSchema, (item: Import) => item.id)),
    followList("import_deleted", ["imports"], remove(deletedSchema, (item: Import) => item.id)),
    followOne("storage", ["storage"], storageSchema),
    followList("request", ["requests"], upsert(requestSchema, (item: Request) => item.session_id)),
    followList("session", ["sessions"], upsert(sessionSummarySchema, (item: SiteSessionSummary) => item.id)),
    followEach("session", "session", named("id"), applySession),
    followList("progress", ["sessions"], applyProgress),
    followEach("progress", "session", named("session_id"), applyRound),
    followList("model", ["models"], upsert(modelSchema, (item: ReceivedModel) => item.id)),
    followList("reconstruction", ["reconstructions"], upsert(reconstructionSchema, (item: Reconstruction) => item.id)),
    followList("reconstruction_deleted", ["reconstructions"], remove(deletedSchema, (item: Reconstruction) => item.id)),
    followList("own_result_deleted", ["own-results"], remove(deletedSchema, (item: OwnResultSummary) => item.id)),
    followList("own_result", ["own-results"], upsert(ownResultSchema, (item: OwnResultSummary) => item.id)),
    followList("activity", ["activity"], upsert(activitySchema, (item) => item.seq)),
  ]);
}
