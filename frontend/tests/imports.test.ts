/** Names of imports: each can be told from the others, read aloud or seen; and which of them the page shows. */
import { describe, expect, it } from "vitest";

import type { Import } from "../contributor/src/api/schemas.intake";
import { importNames } from "../contributor/src/features/intake/importNames";
import { shownImports } from "../contributor/src/features/intake/shownImports";

const began = (...moments: string[]) => importNames(moments.map((created_at) => ({ created_at })));

describe("importNames", () => {
  it("names each by its moment", () => {
    const [later, earlier] = began("2026-03-02T10:00:05Z", "2026-03-02T10:00:04Z");
    expect(later).toMatch(/:05$/);
    expect(earlier).toMatch(/:04$/);
  });

  it("numbers those of one second, so that the older names stay when one is added", () => {
    const [third, second, first] = began("2026-03-02T10:00:04.900Z", "2026-03-02T10:00:04.500Z", "2026-03-02T10:00:04Z");
    expect(first).toMatch(/:04$/);
    expect(second).toBe(`${first} (2)`);
    expect(third).toBe(`${first} (3)`);
  });
});

describe("shownImports", () => {
  const list = (...states: readonly Import["state"][]) => states.map((state, place) => ({ place, state, can_resume: state === "failed" }));

  it("shows each that goes on, however many newer ones there are", () => {
    const all = list("queued", "queued", "queued", "queued", "running");
    expect(shownImports(all)).toEqual(all);
  });

  it("shows each that failed, and three of those that are over", () => {
    const all = list("done", "done", "cancelled", "done", "failed", "done", "cancelled", "failed", "receiving");
    expect(shownImports(all).map(({ place }) => place)).toEqual([0, 1, 2, 4, 7, 8]);
  });

  it("shows one that was cancelled as long as it can go on", () => {
    const all = list("done", "done", "done", "cancelled");
    expect(shownImports(all.map((one) => ({ ...one, can_resume: one.state === "cancelled" })))).toHaveLength(4);
    expect(shownImports(all)).toHaveLength(3);
  });
});
