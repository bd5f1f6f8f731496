import { expect, test } from "vitest";

import { chosenTime, offered } from "../contributor/src/features/requests/components/later";

const NOW = new Date("2026-01-02T10:00:00Z");

test("a reminder is offered before the answer is due only", () => {
  expect(offered("2026-01-02T12:00:00Z", NOW)).toEqual(["hour"]);
  expect(offered("2026-01-09T12:00:00Z", NOW)).toEqual(["hour", "evening", "day"]);
  expect(offered("2026-01-02T10:30:00Z", NOW)).toEqual([]);
});

test("nothing is chosen while no time is typed", () => {
  expect(chosenTime("own", "", NOW)).toBeNull();
  expect(chosenTime("hour", "", NOW)?.toISOString()).toBe("2026-01-02T11:00:00.000Z");
});
