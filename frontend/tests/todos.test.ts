/** What asks for the manager: a failure does so until something came after it, or a week is over. */
import { expect, it } from "vitest";

import type { SessionSummary } from "@app/api/schemas";

import { todosOf } from "../orchestrator/src/app/todos";

const NOW = Date.parse("2026-02-10T12:00:00Z");
/** What the list looks at of a session. */
const session = (id: string, state: string, created: string, ended: string | null = null) => ({ id, state, title: id, reason: "", reason_text: "", advice: "", created_at: created, ended_at: ended }) as unknown as SessionSummary;
const asked = (...sessions: SessionSummary[]) => todosOf([], sessions, (key) => key, NOW).map(({ key }) => key).filter((key) => key !== "invite");

it("a session that failed lately asks to be looked at", () => {
  expect(asked(session("late", "failed", "2026-02-01T00:00:00Z", "2026-02-09T00:00:00Z"))).toEqual(["late"]);
});

it("an old failure asks no more, nor one that another session came after", () => {
  expect(asked(session("old", "failed", "2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z"))).toEqual([]);
  expect(asked(session("late", "failed", "2026-02-01T00:00:00Z", "2026-02-09T00:00:00Z"), session("next", "completed", "2026-02-09T01:00:00Z"))).toEqual([]);
});

it("a paused session asks however old it is", () => {
  expect(asked(session("paused", "paused", "2025-02-01T00:00:00Z"), session("next", "completed", "2026-02-09T01:00:00Z"))).toEqual(["paused"]);
});
