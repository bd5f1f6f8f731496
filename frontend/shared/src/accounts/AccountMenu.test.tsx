/** A question that a menu's entry opens gives the focus back to the menu's button, however it ends. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { AccountMenu } from "@shared/accounts/AccountMenu";
import type { Account } from "@shared/accounts/api";

const vera: Account = { id: "account-1", name: "Vera", role: "viewer", state: "active", created_at: "2026-01-01T00:00:00Z", last_seen: null, has_password: false, invited_until: "2026-01-08T00:00:00Z" };
const hand = userEvent.setup();
const press = async (name: string) => hand.click(await screen.findByRole("button", { name }));
const choose = async (name: string) => { await press("Actions for Vera"); await hand.click(await screen.findByRole("menuitem", { name })); };
const isBack = () => waitFor(() => expect(screen.getByRole("button", { name: "Actions for Vera" })).toHaveFocus());

beforeEach(() => {
  vi.stubGlobal("fetch", (address: string) => Promise.resolve(Response.json(address.endsWith("/me") ? { csrf: "1", version: "1" } : { account: vera, link: "http://127.0.0.1/join#1" })));
  render(<MantineProvider env="test"><QueryClientProvider client={new QueryClient()}><AccountMenu account={vera} onState={() => undefined} /></QueryClientProvider></MantineProvider>);
});
afterEach(() => vi.unstubAllGlobals());

it("after a question that was put aside", async () => {
  await choose("Remove");
  expect(await screen.findByRole("dialog")).toBeVisible();
  await press("Cancel");
  await isBack();
});

it("after the link that an answer leads to", async () => {
  await choose("New invitation link");
  await press("New invitation link");
  await press("Done");
  await isBack();
});
