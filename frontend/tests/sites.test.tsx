/** Who takes part in the coming rounds: a site whose agreement is over does not, and is asked again by ticking it. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";

import { setUpLanguage } from "@shared/i18n/setup";

import type { Participation } from "../orchestrator/src/api/schemas";
import { SitesDialog } from "../orchestrator/src/features/sessions/components/SitesDialog";
import { de } from "../orchestrator/src/i18n/de";
import { en } from "../orchestrator/src/i18n/en";
import { session } from "./sessions";

/** In place before the pages are loaded: they keep the `fetch` that they find. */
const fetched = vi.hoisted(() => {
  const answers = vi.fn<typeof fetch>();
  vi.stubGlobal("fetch", answers);
  return answers;
});

setUpLanguage(en, de);

const consent = {
  session_id: "session-1", site_id: "", offer_sha256: "", decision: "agree", study_count: 3, studies_sha256: "", signed_at: "2026-01-01T00:00:00Z", reason: "", information: null, rule: null,
  permissions: { take_part: true, train_on_my_data: true, send_model: "yes" },
} as const;

const site = (id: string, name: string, valid_until: string): Participation => ({
  site_id: id, site_name: name, state: "training", online: true, consent: { ...consent, valid_until }, progress: null, rounds_contributed: 0, missing_code: null, rounds_agreed: 5,
  further: null, answer_by: "2026-01-02T00:00:00Z", left_out: false,
});

it("is shown as over, and asked again when it is ticked", async () => {
  const asked: unknown[] = [];
  fetched.mockImplementation(async (...call) => {
    const request = new Request(...call);
    if (request.method === "POST") asked.push(await request.json());
    return Response.json(request.url.endsWith("/me") ? { csrf: "1", version: "1" } : session);
  });
  const sites = [site("site-1", "North", "2026-01-02T00:00:00Z"), site("site-2", "East", "2999-01-01T00:00:00Z")];
  render(
    <MantineProvider env="test"><QueryClientProvider client={new QueryClient()}>
      <SitesDialog session={{ ...session, participations: sites }} sites={[]} opened onClose={() => undefined} />
    </QueryClientProvider></MantineProvider>,
  );
  const over = await screen.findByRole("checkbox", { name: "North" });
  expect(over).not.toBeChecked();
  expect(screen.getByText("the time of its agreement is over; tick to ask again")).toBeVisible();
  expect(screen.getByRole("checkbox", { name: "East" })).toBeChecked();
  await userEvent.click(over);
  await userEvent.click(screen.getByRole("button", { name: "Change the sites" }));
  await waitFor(() => { expect(asked).toEqual([{ add: ["site-1"], leave_out: [], answer_hours: 72 }]); });
});
