/** Which updates wait for a person at a hospital. */
import { expect, it } from "vitest";

import { heldRounds } from "../contributor/src/features/sessions/components/rounds";

type Session = Parameters<typeof heldRounds>[0];
/** What is looked at of a session. */
const session = (part: Partial<Session>) => ({ ended_at: null, consent_state: "agreed", rounds: [{ round: 1, phase: "sent" }, { round: 2, phase: "held" }], ...part }) as unknown as Session;

it("a held update waits while the site takes part, and no longer", () => {
  expect(heldRounds(session({})).map(({ round }) => round)).toEqual([2]);
  expect(heldRounds(session({ ended_at: "2026-01-01T00:00:00Z" }))).toEqual([]);
  expect(heldRounds(session({ consent_state: "withdrawn" }))).toEqual([]);
});
