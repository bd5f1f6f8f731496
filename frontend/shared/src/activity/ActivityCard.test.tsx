import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { ActivityCard } from "@shared/activity/ActivityCard";
import { PAGE, useOlder } from "@shared/activity/older";
import { setUpLanguage } from "@shared/i18n/setup";

const KEY = ["activity"];
interface Line { seq: number; at: string }
/** From a number downwards, so many. */
const lines = (from: number, count: number): Line[] => Array.from({ length: count }, (_, place) => ({ seq: from - place, at: "2026-01-01T00:00:00Z" }));
const ask = vi.fn<(before: number) => Promise<Line[]>>();

function Shown({ first }: { first: Line[] }) {
  const query = useQuery({ queryKey: KEY, queryFn: () => first });
  return <ActivityCard query={query} older={useOlder(KEY, query.data, ask)} words={({ seq }) => `line ${seq}`} />;
}

function show(first: Line[]): void {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ csrf: "1", version: "1", name: "A", role: "viewer", can_act: false, seq: 1000 })));
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  render(<MantineProvider env="test"><QueryClientProvider client={queries}><Shown first={first} /></QueryClientProvider></MantineProvider>);
}

const shown = () => screen.getAllByText(/^line/).length;
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const more = () => press("Show earlier");

beforeEach(() => { setUpLanguage({}, {}); ask.mockReset(); });

it("shows the newest lines, and earlier ones on request, with the focus on the first of them", async () => {
  show(lines(30, 30));
  expect(await screen.findByText("line 30")).toBeVisible();
  expect(shown()).toBe(8);
  more();
  expect(shown()).toBe(28);
  expect(document.activeElement).toHaveTextContent("line 22");
  more();
  expect(shown()).toBe(30);
  expect(document.activeElement).toHaveTextContent("line 2");
  expect(screen.queryByRole("button", { name: "Show earlier" })).toBeNull();
  expect(ask).not.toHaveBeenCalled();
});

it("asks for what is before the last known line, until there is nothing", async () => {
  show(lines(150, PAGE));
  ask.mockRejectedValueOnce(new Error("cut off"));
  ask.mockResolvedValueOnce(lines(50, 50));
  expect(await screen.findByText("line 150")).toBeVisible();
  for (let time = 0; time < 5; time += 1) more();
  expect(shown()).toBe(PAGE);
  more();
  expect(await screen.findByRole("alert")).toBeVisible();
  press("Try again");
  expect(await screen.findByText("line 50")).toBeVisible();
  expect(ask.mock.calls.map(([before]) => before)).toEqual([51, 51]);
  expect(document.activeElement).toHaveTextContent("line 50");
  more();
  more();
  expect(shown()).toBe(150);
  expect(screen.queryByRole("button", { name: "Show earlier" })).toBeNull();
});
