import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import i18next from "i18next";
import { afterEach, beforeEach, expect, it } from "vitest";

import { ProblemError } from "@shared/api/problem";
import { preferredLanguage } from "@shared/i18n/language";
import { LanguageSwitch } from "@shared/ui/LanguageSwitch";
import { Problem } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

const problem = new ProblemError({ title: "The disk is full.", status: 507, detail: "0 bytes are left", code: "storage.disk_full", advice: "Free some space; nothing half-written was left.", retryable: false });
const minutesAgo = new Date(Date.now() - 180_000).toISOString();

beforeEach(() => {
  render(<MantineProvider env="test"><LanguageSwitch /><Problem error={problem} onRetry={() => undefined} /><Ago at={minutesAgo} /></MantineProvider>);
});
afterEach(async () => {
  window.localStorage.clear();
  await i18next.changeLanguage("en");
});

it("is named in the language it leads to, with the letters that it shows", () => {
  const button = screen.getByRole("button", { name: "DE: auf Deutsch anzeigen" });
  expect(button).toHaveTextContent("DE");
  expect(button).toHaveAttribute("lang", "de");
});

it("changes what is on screen at once, and back", async () => {
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: /^DE/ }));
  expect(screen.getByRole("button", { name: "Erneut versuchen" })).toBeVisible();
  expect(screen.getByText("vor 3 min")).toBeVisible();
  expect(document.documentElement).toHaveAttribute("lang", "de");
  await userEvent.click(screen.getByRole("button", { name: "EN: show in English" }));
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
  expect(screen.getByText("3 min ago")).toBeVisible();
  expect(document.documentElement).toHaveAttribute("lang", "en");
});

it("translates a problem by its code and leaves the detail as the daemon wrote it", async () => {
  await userEvent.click(screen.getByRole("button", { name: /^DE/ }));
  expect(screen.getByRole("alert")).toHaveTextContent("Der Datenträger ist voll.0 bytes are left.Schaffen Sie Platz; nichts halb Geschriebenes blieb zurück.");
});

it("is remembered", async () => {
  await userEvent.click(screen.getByRole("button", { name: /^DE/ }));
  expect(window.localStorage.getItem("flomir.language")).toBe("de");
  expect(preferredLanguage()).toBe("de");
});
