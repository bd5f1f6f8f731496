/** Names of imports: each can be told from the others, read aloud or seen. */
import { describe, expect, it } from "vitest";

import { importNames } from "../contributor/src/features/intake/importNames";

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
