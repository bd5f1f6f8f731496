/** Which deltas change which lists. */
import type { QueryClient } from "@tanstack/react-query";

import { followList, followOne, LiveConnection } from "@shared/realtime/live";
import { remove, upsert, type Change } from "@shared/realtime/resources";

import {
  activitySchema, deletedSchema, invitationSchema, modelSchema, progressSchema, sessionSchema, siteSchema, systemSchema,
  type Invitation, type Model, type Session, type Site,
} from "@app/api/schemas";

/** One site's progress goes into its participation. */
export const applyProgress: Change<Session> = (sessions, data) => {
  const parsed = progressSchema.safeParse(data);
  if (!parsed.success) return sessions;
  const { session_id: sessionId, site_id: siteId, progress } = parsed.data;
  return sessions.map((session) =>
    session.id !== sessionId
      ? session
      : { ...session, participations: session.participations.map((site) => (site.site_id === siteId ? { ...site, progress } : site)) },
  );
};

export function createLive(queries: QueryClient): LiveConnection {
  return new LiveConnection(queries, [
    followOne("system", ["system"], systemSchema),
    followList("invitation", ["invitations"], upsert(invitationSchema, (item: Invitation) => item.id)),
    followList("site", ["sites"], upsert(siteSchema, (item: Site) => item.id)),
    followList("session", ["sessions"], upsert(sessionSchema, (item: Session) => item.id)),
    followList("progress", ["sessions"], applyProgress),
    followList("model", ["models"], upsert(modelSchema, (item: Model) => item.id)),
    followList("model_deleted", ["models"], remove(deletedSchema, (item: Model) => item.id)),
    followList("activity", ["activity"], upsert(activitySchema, (item) => item.seq)),
  ]);
}
