import { expect, test } from "vitest";

import { unreadOf } from "@shared/activity/seen";

const LINES = [{ seq: 4, actor: "site:one" }, { seq: 3, actor: "Ada" }, { seq: 2, actor: null }, { seq: 1, actor: "Ben" }];

test("what somebody else did since the last look is news, one's own acts are not", () => {
  expect([...unreadOf(LINES, 1, "Ada")]).toEqual([4, 2]);
  expect([...unreadOf(LINES, 1, "Ben")]).toEqual([4, 3, 2]);
});

test("before it is known who looks, a line without an actor counts", () => {
  expect([...unreadOf(LINES, 1, undefined)]).toEqual([4, 3, 2]);
});
