import { describe, expect, it } from "vitest";

import { formatBytes, formatCountdown, formatDuration, formatNumber, formatRelative } from "@shared/format/format";

describe("words for numbers", () => {
  it("keeps three significant digits, and none that are not there", () => {
    expect([0.0312, 22.96, 23.04, 4, 812_331.2, 0.00001, -0.0638, null, NaN].map(formatNumber)).toEqual(["0.0312", "23.0", "23.0", "4", "812,331", "1.00e-5", "-0.0638", "–", "–"]);
  });

  it("says sizes and times as people do", () => {
    expect([999, 412_000, 2_472_000].map(formatBytes)).toEqual(["999 B", "412 kB", "2.5 MB"]);
    expect([0.05, 3.21, 61, 3600, 5400].map(formatDuration)).toEqual(["50 ms", "3.2 s", "1 min 1 s", "1 h", "1 h 30 min"]);
    expect([0, 59.9, 3599].map(formatCountdown)).toEqual(["0:00", "0:59", "59:59"]);
    const now = Date.UTC(2026, 0, 1);
    expect(["2025-12-31T23:58:00Z", "2026-01-01T03:00:00Z"].map((at) => formatRelative(at, now))).toEqual(["2 min ago", "in 3 h"]);
  });
});
