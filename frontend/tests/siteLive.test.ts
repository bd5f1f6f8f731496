/** Sessions and comparisons of a site, live: a list keeps what it shows, the single one its rounds. */
import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";

import { applyProgress, applyRound, applySession, createLive } from "../contributor/src/app/live";

import { briefly, siteRound, siteSession } from "./siteSession";

const whole = { ...siteSession(), rounds: [siteRound(1), siteRound(2)] };
const told = (number: number, part = {}) => ({ session_id: "session-1", round: siteRound(number, part) });

it("a list follows the newest round of a session, without its curve", () => {
  const other = siteSession({ id: "session-2" });
  const [after, untouched] = applyProgress([siteSession(), other], told(3, { phase: "training", fraction: 0.4 }));
  expect(after?.round).toBe(3);
  expect(after?.latest_round).toEqual(briefly(siteRound(3, { phase: "training", fraction: 0.4 })));
  expect(untouched).toBe(other);
});

it("an earlier round that is told late is no news of the list, and the laboratory's round stays", () => {
  expect(applyProgress([siteSession()], told(1))[0]?.latest_round?.round).toBe(2);
  const [ahead] = applyProgress([siteSession({ round: 3 })], told(2, { fraction: 0.9 }));
  expect([ahead?.round, ahead?.latest_round?.fraction]).toEqual([3, 0.9]);
});

it("the session itself takes each round with its curve, in order", () => {
  const after = applyRound(applyRound(whole, told(3, { losses: [2] })), told(1, { losses: [9] }));
  expect(after.rounds.map(({ round, losses }) => [round, losses])).toEqual([[1, [9]], [2, [1, 0.5]], [3, [2]]]);
  expect(after.latest_round?.round).toBe(3);
});

it("what lists show of a session changes it and leaves its rounds", () => {
  const after = applySession(whole, siteSession({ state: "completed", held: [2] }));
  expect([after.state, after.held, after.rounds]).toEqual(["completed", [2], whole.rounds]);
  expect(applySession(whole, { id: "session-1" })).toBe(whole);
});

it("an event of one round asks for no list again and changes both that are known", () => {
  const queries = new QueryClient();
  const live = createLive(queries);
  queries.setQueryData(["sessions"], [siteSession()]);
  queries.setQueryData(["session", "session-1"], whole);
  live.welcome({ seq: 0 });
  live.receive({ seq: 1, type: "session", data: siteSession({ round: 3 }) });
  live.receive({ seq: 2, type: "progress", data: told(3) });
  expect(queries.getQueryData<(typeof whole)[]>(["sessions"])?.map(({ round }) => round)).toEqual([3]);
  expect(queries.getQueryData<typeof whole>(["session", "session-1"])?.rounds.length).toBe(3);
  expect([["sessions"], ["session", "session-1"]].map((key) => queries.getQueryState(key)?.isInvalidated)).toEqual([false, false]);
});
