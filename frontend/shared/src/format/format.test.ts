import { afterEach, describe, expect, it } from "vitest";

import { formatAlike, formatBytes, formatClock, formatCount, formatCountdown, formatDateTime, formatDuration, formatFixed, formatNumber, formatPlain, formatRelative } from "@shared/format/format";
import { speak } from "@shared/i18n/language";

const NUMBERS = [0.0312, 22.96, 23.04, 4, 812_331.2, 0.00001, -0.0638, null, NaN];
const SPANS = [0.05, 3.21, 61, 3600, 5400, 86_400, 172_800];
const NOW = Date.UTC(2026, 0, 1);
const MOMENTS = ["2025-12-31T23:58:00Z", "2026-01-01T03:00:00Z", "2026-01-01T00:00:02Z", "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"];

describe("words for numbers", () => {
  it("keeps three significant digits, and none that are not there", () => {
    expect(NUMBERS.map(formatNumber)).toEqual(["0.0312", "23.0", "23.0", "4", "812,331", "1.00e-5", "−0.0638", "–", "–"]);
    expect([formatCount(12_345), formatPlain(0.25), formatFixed(12.345, 1)]).toEqual(["12,345", "0.25", "12.3"]);
  });

  it("gives numbers that stand together the same decimals", () => {
    expect(formatAlike([-0.139, -0.0986])).toEqual(["−0.139", "−0.099"]);
    expect(formatAlike([9.53e-4, -0.00383, 0.00658])).toEqual(["0.00095", "−0.00383", "0.00658"]);
    expect(formatAlike([26.9, 5.8, undefined])).toEqual(["26.9", "5.8", "–"]);
    expect(formatAlike([12, 3])).toEqual(["12", "3"]);
  });

  it("says sizes and times as people do", () => {
    expect([999, 412_000, 2_472_000].map(formatBytes)).toEqual(["999 B", "412 kB", "2.5 MB"]);
    expect(SPANS.map(formatDuration)).toEqual(["50 ms", "3.2 s", "1 min 1 s", "1 h", "1 h 30 min", "1 day", "2 days"]);
    expect([0.9996, 9.96, 59.6, 119.7, 3599.7, 86_399.7].map(formatDuration)).toEqual(["1.0 s", "10 s", "1 min", "2 min", "1 h", "1 day"]);
    expect([0, 59.9, 3599].map(formatCountdown)).toEqual(["0:00", "0:59", "59:59"]);
    expect(MOMENTS.map((at) => formatRelative(at, NOW))).toEqual(["2 min ago", "in 3 h", "just now", "3 days ago", "in 4 days"]);
    expect(["2026-01-01T00:59:50Z", "2026-01-02T23:45:00Z"].map((at) => formatRelative(at, NOW))).toEqual(["in 1 h", "in 2 days"]);
    expect([formatDateTime("2026-03-05T08:07:00"), formatClock("2026-03-05T08:07:09")]).toEqual(["5 Mar 2026, 08:07", "08:07:09"]);
  });
});

describe("words for numbers, in German", () => {
  afterEach(() => speak("en"));

  it("has a comma before the decimals and points between the thousands", () => {
    speak("de");
    expect(NUMBERS.map(formatNumber)).toEqual(["0,0312", "23,0", "23,0", "4", "812.331", "1,00e-5", "−0,0638", "–", "–"]);
    expect([formatCount(12_345), formatPlain(0.25), formatFixed(12.345, 1)]).toEqual(["12.345", "0,25", "12,3"]);
  });

  it("says sizes and times as people do", () => {
    speak("de");
    expect([999, 412_000, 2_472_000].map(formatBytes)).toEqual(["999 B", "412 kB", "2,5 MB"]);
    expect(SPANS.map(formatDuration)).toEqual(["50 ms", "3,2 s", "1 min 1 s", "1 h", "1 h 30 min", "1 Tag", "2 Tage"]);
    expect(MOMENTS.map((at) => formatRelative(at, NOW))).toEqual(["vor 2 min", "in 3 h", "gerade eben", "vor 3 Tagen", "in 4 Tagen"]);
    expect([formatDateTime("2026-03-05T08:07:00"), formatClock("2026-03-05T08:07:09")]).toEqual(["5. März 2026, 08:07", "08:07:09"]);
  });
});
