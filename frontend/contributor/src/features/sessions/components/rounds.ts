/** Reading a session's rounds. */
import type { SiteRound, SiteSession } from "@app/api/schemas";

export function latestRound(session: SiteSession): SiteRound | undefined {
  return [...session.rounds].sort((a, b) => b.round - a.round)[0];
}

/** Seconds that the running round still needs at its present pace; null while nothing can be said. */
export function secondsLeft(session: SiteSession, now: number): number | null {
  const round = latestRound(session);
  if (round === undefined || round.ended_at !== null || session.ended_at !== null) return null;
  if (round.phase === "training" && round.fraction > 0.02) return (((now - Date.parse(round.started_at)) / 1000) * (1 - round.fraction)) / round.fraction;
  return null;
}

/** Seconds until the round closes at the laboratory. */
export function secondsToDeadline(session: SiteSession, now: number): number | null {
  const round = latestRound(session);
  if (round === undefined || round.ended_at !== null || session.ended_at !== null) return null;
  return Math.max(0, session.round_deadline_s - (now - Date.parse(round.started_at)) / 1000);
}

/** Whether this site still takes part. */
export const isActive = (session: SiteSession) => session.ended_at === null && session.consent_state === "agreed";

/** The updates that somebody may still let go. */
export function heldRounds(session: SiteSession): SiteRound[] {
  return isActive(session) ? session.rounds.filter(({ phase }) => phase === "held") : [];
}
