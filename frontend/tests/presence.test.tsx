/** How long each site was there: said where it is known, never guessed while it loads or after it failed. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import type { Site } from "../orchestrator/src/api/schemas";
import { SiteTable } from "../orchestrator/src/features/sites/components/SiteTable";

/** In place before the pages are loaded: they keep the `fetch` that they find. */
const fetched = vi.hoisted(() => {
  const answers = vi.fn<() => Promise<Response>>();
  vi.stubGlobal("fetch", answers);
  return answers;
});

const site: Site = {
  id: "site-1", name: "North", state: "trusted", fingerprint: "", online: true, last_seen: null, requested_at: "2026-01-01T00:00:00Z",
  certificate_expires_at: null, software: null, data: null, new_studies: 0, sessions: 0,
};

function shown(answer: Promise<Response>): void {
  fetched.mockReturnValue(answer);
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(<MantineProvider env="test"><QueryClientProvider client={client}><SiteTable sites={[site]} onOpen={() => undefined} /></QueryClientProvider></MantineProvider>);
}

it("is not said while it loads", () => {
  shown(new Promise(() => undefined));
  expect(screen.getByText("North")).toBeVisible();
  expect(screen.queryByRole("img")).toBeNull();
});

it("is not said after it failed, which is told once", async () => {
  shown(Promise.resolve(Response.json({ title: "The database is busy.", status: 503, code: "storage.busy" }, { status: 503 })));
  expect(await screen.findByRole("alert")).toHaveTextContent("The database is busy.");
  expect(screen.queryByRole("img")).toBeNull();
});

it("is said where it is known", async () => {
  shown(Promise.resolve(Response.json({ since: "", until: "", items: [{ site_id: "site-1", shares: [0, 1] }] })));
  expect(await screen.findByRole("img")).toBeVisible();
});
