/** Which deltas change which cache entries. */
import type { QueryClient } from "@tanstack/react-query";

import { followList, followOne, LiveConnection, type Follower } from "@shared/realtime/live";
import { remove, upsert, type Change } from "@shared/realtime/resources";

import {
  activitySchema, connectionSchema, modelSchema, progressSchema, reconstructionSchema, requestSchema, sessionSchema, studySchema, systemSchema,
  type ReceivedModel, type Reconstruction, type Request, type SiteSession, type Study,
} from "@app/api/schemas";
import { deletedSchema, ownResultSchema, type OwnResult } from "@app/api/schemas.results";
import { preflightSchema } from "@app/api/schemas.network";
import { importSchema, storageSchema, type Import } from "@app/api/schemas.intake";

/** One round's progress goes into its session. */
export const applyProgress: Change<SiteSession> = (sessions, data) => {
  const parsed = progressSchema.safeParse(data);
  if (!parsed.success) return sessions;
  const { session_id: id, round } = parsed.data;
  return sessions.map((session) => {
    if (session.id !== id) return session;
    const known = session.rounds.some((item) => item.round === round.round);
    const rounds = known ? session.rounds.map((item) => (item.round === round.round ? round : item)) : [...session.rounds, round];
    return { ...session, round: Math.max(session.round, round.round), rounds };
  });
};

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
    followList("session", ["sessions"], upsert(sessionSchema, (item: SiteSession) => item.id)),
    followList("progress", ["sessions"], applyProgress),
    followList("model", ["models"], upsert(modelSchema, (item: ReceivedModel) => item.id)),
    followList("reconstruction", ["reconstructions"], upsert(reconstructionSchema, (item: Reconstruction) => item.id)),
    followList("reconstruction_deleted", ["reconstructions"], remove(deletedSchema, (item: Reconstruction) => item.id)),
    followList("own_result_deleted", ["own-results"], remove(deletedSchema, (item: OwnResult) => item.id)),
    followList("own_result", ["own-results"], upsert(ownResultSchema, (item: OwnResult) => item.id)),
    followList("activity", ["activity"], upsert(activitySchema, (item) => item.seq)),
  ]);
}
