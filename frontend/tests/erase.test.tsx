/** Erasing a patient: what goes and what stays is said first, and nothing is asked for before the number is typed. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { setUpLanguage } from "@shared/i18n/setup";

import type { Erasure } from "../contributor/src/api/schemas.intake";
import { EraseCard, ErasePatient } from "../contributor/src/features/intake/components/ErasePatient";
import { en } from "../contributor/src/i18n/en";
import { de } from "../contributor/src/i18n/de";

/** In place before the pages are loaded: they keep the `fetch` that they find. */
const asked = vi.hoisted(() => {
  const answers = vi.fn<(request: Request | string) => Promise<Response>>();
  vi.stubGlobal("fetch", answers);
  return answers;
});

const plan: Erasure = {
  study_id: "study-1", patient: "P-0123456789", studies: 2, files: 5, bytes: 2_000_000, reconstructions: 1, results: 0, import_entries: 3, imports: 0,
  sessions: [{ session_id: "s", title: "Heart", updates: 4 }], problem: null,
};
const hand = userEvent.setup();
const plans = () => asked.mock.calls.filter(([request]) => typeof request !== "string" && request.method === "GET" && request.url.endsWith("/erasure"));
const posted = () => asked.mock.calls.flatMap(([request]) => (typeof request !== "string" && request.method === "POST" ? [request] : []));

function answerWith(view: Erasure, role = "administrator", erasing: () => Response = () => Response.json({})): void {
  asked.mockImplementation((request) => {
    const address = typeof request === "string" ? request : request.url;
    if (address.endsWith("/me")) return Promise.resolve(Response.json({ csrf: "1", version: "1", name: "A", role, can_act: true }));
    return Promise.resolve(typeof request !== "string" && request.method === "POST" ? erasing() : Response.json(view));
  });
}

function shown(onErased: () => void = () => undefined): void {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider env="test"><QueryClientProvider client={client}>
      <EraseCard onAsk={() => undefined} /><ErasePatient study="study-1" onClose={() => undefined} onErased={onErased} />
    </QueryClientProvider></MantineProvider>,
  );
}

const confirm = () => screen.getByRole("button", { name: "Erase this patient" });

beforeEach(() => { setUpLanguage(en, de); asked.mockReset(); });

it("says what goes, what stays and that nothing brings it back", async () => {
  answerWith(plan);
  shown();
  expect(await screen.findByText("2 studies with their reports of quality control")).toBeVisible();
  expect(screen.getByText("1 reconstruction with its images and exports")).toBeVisible();
  expect(screen.getByText("3 lines with files' names in the lists of imports")).toBeVisible();
  expect(screen.queryByText(/comparison/)).toBeNull();
  expect(screen.getByText("Models of “Heart” keep what they learned; 4 updates have left this site.")).toBeVisible();
  expect(screen.getByText(/Backups that were made before/)).toBeVisible();
  expect(screen.getByText(/cannot be undone/)).toBeVisible();
});

it("erases once the number of the studies is typed", async () => {
  answerWith(plan);
  const onErased = vi.fn();
  shown(onErased);
  const field = await screen.findByLabelText("Type the number of this patient's studies (2) to confirm");
  expect(confirm()).toBeDisabled();
  await hand.type(field, "1");
  expect(confirm()).toBeDisabled();
  await hand.clear(field);
  await hand.type(field, "2");
  await hand.click(confirm());
  await waitFor(() => expect(onErased).toHaveBeenCalledOnce());
  expect(plans()).toHaveLength(1); // what is gone is not asked for again
  const [request] = posted();
  expect(request?.url).toMatch(/\/studies\/study-1\/erasure$/);
  expect(await request?.clone().json()).toEqual({ studies: 2 });
});

it("says what is in the way and what to do, and takes no number", async () => {
  answerWith({ ...plan, problem: { code: "erasure.busy", title: "An import runs.", detail: "", advice: "Cancel it." } });
  shown();
  expect(await screen.findByText("An import runs.")).toBeVisible();
  expect(screen.getByText("Cancel it.")).toBeVisible();
  expect(screen.queryByRole("textbox")).toBeNull();
  expect(confirm()).toBeDisabled();
});

it("says it where not everything could be deleted yet", async () => {
  const problem = { code: "erasure.unfinished", title: "Not everything is gone.", status: 500, detail: "", advice: "Start it again.", retryable: false };
  answerWith(plan, "administrator", () => Response.json(problem, { status: 500 }));
  const onErased = vi.fn();
  shown(onErased);
  await hand.type(await screen.findByRole("textbox"), "2");
  await hand.click(confirm());
  expect(await screen.findByText("Not everything is gone.")).toBeVisible();
  expect(onErased).not.toHaveBeenCalled();
});

it("is offered to an administrator only", async () => {
  answerWith(plan, "professional");
  shown();
  await screen.findByText(/2 studies/);
  expect(screen.queryByRole("button", { name: "Erase this patient …" })).toBeNull();
});
