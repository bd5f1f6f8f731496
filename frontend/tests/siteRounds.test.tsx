/** What is long of a session or a comparison is read once it is opened; every state of that is shown. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { beforeEach, expect, it, vi } from "vitest";

import { setUpLanguage } from "@shared/i18n/setup";
import { LiveProvider } from "@shared/realtime/LiveProvider";

import { createLive } from "../contributor/src/app/live";
import { ResultsPage } from "../contributor/src/app/pages/ResultsPage";
import { SessionCard } from "../contributor/src/features/sessions/components/SessionCard";
import { SentCard } from "../contributor/src/features/sessions/components/SentCard";
import { de } from "../contributor/src/i18n/de";
import { en } from "../contributor/src/i18n/en";

import { siteRound, siteSession } from "./siteSession";

/** In place before the pages are loaded: they keep the `fetch` that they find. */
const asked = vi.hoisted(() => {
  const answers = vi.fn<(request: Request | string) => Promise<Response>>();
  vi.stubGlobal("fetch", answers);
  return answers;
});

configure({ asyncUtilTimeout: 5000 }); // a whole page is drawn
const hand = userEvent.setup();
const session = siteSession({ ended_at: "2026-01-01T01:00:00Z", state: "completed" });
const whole = { ...session, rounds: [siteRound(1), siteRound(2)] };
const addresses = () => asked.mock.calls.map(([request]) => new URL(typeof request === "string" ? request : request.url, "http://localhost").pathname);
const requests = (path: string) => addresses().filter((address) => address.endsWith(path)).length;

/** Answer each path by its end. */
function answerWith(answers: Record<string, () => Promise<Response> | Response>): void {
  asked.mockImplementation((request) => {
    const path = new URL(typeof request === "string" ? request : request.url, "http://localhost").pathname;
    const answer = Object.entries(answers).find(([end]) => path.endsWith(end))?.[1];
    return Promise.resolve(answer === undefined ? Response.json({ csrf: "1", version: "1", name: "A", role: "administrator", can_act: true }) : answer());
  });
}

function show(page: ReactNode): void {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  const live = createLive(queries);
  vi.spyOn(live, "open").mockReturnValue(undefined);
  render(<MantineProvider env="test"><QueryClientProvider client={queries}><LiveProvider live={live}>{page}</LiveProvider></QueryClientProvider></MantineProvider>);
}

const toggle = () => screen.getByRole("button", { name: "Rounds of “Heart”" });
const problem = (title: string) => Response.json({ code: "storage.busy", title, status: 503, detail: "", advice: "", retryable: true }, { status: 503 });

beforeEach(() => {
  setUpLanguage(en, de);
  asked.mockReset();
  Element.prototype.scrollIntoView = () => undefined; // a list of choices wants it; this document has no layout
});

it("a session's rounds are asked for when they are opened, once, and the focus stays", async () => {
  answerWith({ "/sessions/session-1": () => Response.json(whole) });
  show(<SentCard session={session} opened={false} />);
  expect(screen.getByText(/2\.0 MB/)).toBeVisible();
  expect(requests("/sessions/session-1")).toBe(0);
  await hand.click(toggle());
  expect(within(await screen.findByRole("table", { name: "Receipts" })).getAllByRole("row")).toHaveLength(3);
  expect(toggle()).toHaveFocus();
  expect(toggle()).toHaveAttribute("aria-expanded", "true");
  await hand.click(toggle());
  await hand.click(toggle());
  expect(await screen.findByRole("table", { name: "Receipts" })).toBeVisible();
  expect(requests("/sessions/session-1")).toBe(1);
});

it("says while the rounds load, and what to do where they cannot be read", async () => {
  let fail: (answer: Response) => void = () => undefined;
  answerWith({ "/sessions/session-1": () => new Promise<Response>((resolve) => { fail = resolve; }) });
  show(<SessionCard session={session} opened />);
  expect(screen.getByRole("status", { name: "Loading the rounds" })).toBeVisible();
  await waitFor(() => expect(requests("/sessions/session-1")).toBe(1));
  fail(problem("The database is busy."));
  expect(await screen.findByText("The database is busy.")).toBeVisible();
  answerWith({ "/sessions/session-1": () => Response.json({ ...whole, rounds: [] }) });
  await hand.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("No round yet, so nothing has left.")).toBeVisible();
});

it("a card that is closed tells the latest round all the same", () => {
  answerWith({});
  show(<SessionCard session={session} opened={false} />);
  expect(screen.getByText("Update sent")).toBeVisible();
  expect(screen.getByText("100 %")).toBeVisible();
  expect(requests("/sessions/session-1")).toBe(0);
});

const model = { id: "model-1", name: "Weights", session_id: "session-1", session_title: "Heart", round: 2, final: true, task: "spect-reconstruction", sha256: "a", size_bytes: 1, fetched: true, received_at: "2026-01-01T00:00:00Z", metrics: {}, card: {} };
const result = (id: string, name: string) => ({
  id, session_id: "session-1", session_title: "Heart", model_id: "model-1", model_name: name, round: 2, state: "done", ending: false, stage: "", progress: 1, created_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-01T00:00:00Z", problem: null,
});
const findings = (name: string) => ({
  metrics: [{ key: "nrmse_body", higher_is_better: false, methods: {}, federated_over_local: null, federated_over_osem: null, local_over_osem: null }],
  cases: [{ study_id: null, name, patient: "1", scores: {}, arrays: [] }], patients: 1, trained_on: 1, rounds: [1, 2], steps: 4, left_out: 0, half_counts: 0,
});
const part = (items: unknown[]) => () => Response.json({ items, total: items.length, next_cursor: null });

it("a comparison's cases are asked for when it is chosen", async () => {
  answerWith({
    "/models": part([model]), "/results": part([result("result-2", "Second"), result("result-1", "First")]),
    "/results/result-2": () => Response.json({ ...result("result-2", "Second"), findings: findings("scan-two") }),
    "/results/result-1": () => Response.json({ ...result("result-1", "First"), findings: findings("scan-one") }),
  });
  show(<ResultsPage />);
  expect((await screen.findAllByText(/scan-two/)).length).toBeGreaterThan(0);
  expect([requests("/results/result-2"), requests("/results/result-1")]).toEqual([1, 0]);
  await hand.click(screen.getByRole("combobox", { name: "Comparisons" }));
  await hand.click(await screen.findByRole("option", { name: /First/ }));
  expect((await screen.findAllByText(/scan-one/)).length).toBeGreaterThan(0);
  expect(screen.queryByText(/scan-two/)).toBeNull();
});

it("says where what a comparison found cannot be read", async () => {
  answerWith({ "/models": part([model]), "/results": part([result("result-2", "Second")]), "/results/result-2": () => problem("The database is busy.") });
  show(<ResultsPage />);
  expect(await screen.findByText("The database is busy.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
});
