/** Reading a session's rounds. */
import type { SiteSessionSummary } from "@app/api/schemas";

/** So many sessions of a list show their rounds at once. */
export const OPENED = 3;

/** Seconds that the running round still needs at its present pace; null while nothing can be said. */
export function secondsLeft(session: SiteSessionSummary, now: number): number | null {
  const round = session.latest_round;
  if (round === null || round.ended_at !== null || session.ended_at !== null) return null;
  if (round.phase === "training" && round.fraction > 0.02) return (((now - Date.parse(round.started_at)) / 1000) * (1 - round.fraction)) / round.fraction;
  return null;
}

/** Seconds until the round closes at the laboratory. */
export function secondsToDeadline(session: SiteSessionSummary, now: number): number | null {
  const round = session.latest_round;
  if (round === null || round.ended_at !== null || session.ended_at !== null) return null;
  return Math.max(0, session.round_deadline_s - (now - Date.parse(round.started_at)) / 1000);
}

/** Whether this site still takes part. */
export const isActive = (session: SiteSessionSummary) => session.ended_at === null && session.consent_state === "agreed";

/** The rounds whose updates somebody may still let go. */
export function heldRounds(session: SiteSessionSummary): readonly number[] {
  return isActive(session) ? session.held : [];
}
