import { describe, expect, it } from "vitest";

import { sameWindow, windowOf } from "@shared/ui/rowWindow";

const tens = Array.from({ length: 100 }, () => 10);

describe("the rows of a long table", () => {
  it("holds what is seen, and its gaps keep the height of the whole", () => {
    const seen = windowOf(tens, 200, 300, null);
    expect(seen).toEqual({ parts: [{ from: 20, to: 30, gap: 200 }], rest: 700 });
  });

  it("begins with the first row and ends with the last", () => {
    expect(windowOf(tens, -500, 20, null)).toEqual({ parts: [{ from: 0, to: 2, gap: 0 }], rest: 980 });
    expect(windowOf(tens, 5000, 6000, null)).toEqual({ parts: [{ from: 99, to: 100, gap: 990 }], rest: 0 });
    expect(windowOf([], 0, 100, null)).toEqual({ parts: [{ from: 0, to: 0, gap: 0 }], rest: 0 });
  });

  it("keeps the row with the focus, before or after what is seen", () => {
    expect(windowOf(tens, 200, 300, 3)).toEqual({ parts: [{ from: 3, to: 4, gap: 30 }, { from: 20, to: 30, gap: 160 }], rest: 700 });
    expect(windowOf(tens, 200, 300, 50)).toEqual({ parts: [{ from: 20, to: 30, gap: 200 }, { from: 50, to: 51, gap: 200 }], rest: 490 });
    expect(windowOf(tens, 200, 300, 25)).toEqual(windowOf(tens, 200, 300, null));
  });

  it("knows when nothing changed", () => {
    expect(sameWindow(windowOf(tens, 200, 300, 3), windowOf(tens, 201, 300, 3))).toBe(true);
    expect(sameWindow(windowOf(tens, 200, 300, 3), windowOf(tens, 211, 300, 3))).toBe(false);
  });
});
