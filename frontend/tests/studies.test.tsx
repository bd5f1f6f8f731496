/** Choosing one study of thousands: the page holds the first ones, the program searches among all. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it, vi } from "vitest";

import type { SetSummary } from "../orchestrator/src/api/laboratorySchemas";
import { StudySelect } from "../orchestrator/src/features/laboratory/forms/StudySelect";

window.HTMLElement.prototype.scrollIntoView = () => undefined;
const FILES = Array.from({ length: 3000 }, (_, number) => `study-${String(number).padStart(4, "0")}.h5`);

/** In place before the pages are loaded: they keep the `fetch` that they find. */
vi.hoisted(() => {
  vi.stubGlobal("fetch", (request: Request) => {
    const query = new URL(request.url).searchParams;
    const found = FILES.filter((file) => file.includes(query.get("search") ?? ""));
    return Promise.resolve(Response.json({ items: found.slice(0, Number(query.get("limit"))).map((file) => ({ file })), total: found.length, next_cursor: null }));
  });
});

const set: SetSummary = { id: "set-1", name: "Hearts", origin: "made", state: "ready", folder: "/data", facts: { studies: FILES.length, bytes: 1, references: {} }, created_at: "2026-01-01T00:00:00Z", job_id: null };

function Form() {
  const [file, setFile] = useState<string | null>("study-0000.h5");
  return <StudySelect set={set} value={file} onChange={setFile} />;
}

it("finds a study beyond those that it offered first, and keeps it chosen", async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(<MantineProvider env="test"><QueryClientProvider client={client}><Form /></QueryClientProvider></MantineProvider>);
  const user = userEvent.setup();
  const field = screen.getByRole("combobox");
  await user.click(field);
  expect(await screen.findByText("study-0049.h5")).toBeInTheDocument();
  expect(screen.queryByText("study-0050.h5")).toBeNull();
  await user.clear(field);
  await user.paste("2876");
  await user.click(await screen.findByText("study-2876.h5"));
  expect(field).toHaveValue("study-2876.h5");
  await user.click(field);
  expect(await screen.findByText("study-0000.h5")).toBeInTheDocument();
  expect(screen.getByText("study-2876.h5").closest("[role=option]")).toHaveAttribute("aria-selected", "true");
});
