import { describe, expect, it } from "vitest";

import { applyProgress, applySession } from "@app/app/live";

import { round, session } from "./sessions";

describe("one session, live", () => {
  it("keeps the rounds that a delta does not tell again", () => {
    const told = { ...session, round: 4, rounds: [round(3, "closed"), round(4, "running")] };
    expect(applySession(session, told).rounds.map(({ round: number, state }) => [number, state])).toEqual([
      [1, "closed"], [2, "closed"], [3, "closed"], [4, "running"],
    ]);
    expect(applySession(session, { id: "session-1" })).toBe(session);
  });

  it("puts a site's progress into its participation", () => {
    const progress = { session_id: "session-1", round: 3, phase: "training", fraction: 0.5 };
    expect(applyProgress(session, { session_id: "session-1", site_id: "site-1", progress }).participations[0]?.progress?.fraction).toBe(0.5);
    expect(applyProgress(session, { session_id: "session-1", site_id: "another", progress }).participations[0]?.progress).toBeNull();
  });
});
