import { describe, expect, it } from "vitest";

import { Wish } from "@shared/api/once";

describe("the key of a wish", () => {
  it("stays while the same is wished, and is fresh for anything else and once it is fulfilled", () => {
    const wish = new Wish<unknown>();
    const first = wish.keyOf({ name: "North", sites: ["a", "b"] });
    expect(first).toMatch(/^[A-Za-z0-9_-]{16,80}$/);
    expect(wish.keyOf({ name: "North", sites: ["a", "b"] })).toBe(first);
    const other = wish.keyOf({ name: "North", sites: ["a"] });
    expect(other).not.toBe(first);
    wish.fulfilled();
    expect(wish.keyOf({ name: "North", sites: ["a"] })).not.toBe(other);
  });

  it("takes another file for another wish, whatever its content", () => {
    const wish = new Wish<unknown>();
    const file = new File(["x"], "model.safetensors");
    const first = wish.keyOf({ file, name: "M" });
    expect(wish.keyOf({ file, name: "M" })).toBe(first);
    expect(wish.keyOf({ file: new File(["x"], "model.safetensors"), name: "M" })).not.toBe(first);
  });
});
