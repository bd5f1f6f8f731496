/** Which updates wait for a person at a hospital. */
import { expect, it } from "vitest";

import { heldRounds } from "../contributor/src/features/sessions/components/rounds";

import { siteSession } from "./siteSession";

it("a held update waits while the site takes part, and no longer", () => {
  const held = siteSession({ held: [2] });
  expect(heldRounds(held)).toEqual([2]);
  expect(heldRounds({ ...held, ended_at: "2026-01-01T00:00:00Z" })).toEqual([]);
  expect(heldRounds({ ...held, consent_state: "withdrawn" })).toEqual([]);
});
