/** Reading a session's rounds. */
import type { SiteRound, SiteSession } from "@app/api/schemas";

export function latestRound(session: SiteSession): SiteRound | undefined {
  return [...session.rounds].sort((a, b) => b.round - a.round)[0];
}

export function heldRounds(session: SiteSession): SiteRound[] {
  return session.rounds.filter(({ phase }) => phase === "held");
}
