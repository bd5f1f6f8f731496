import { afterEach, expect, it, vi } from "vitest";

import { preferredLanguage, rememberLanguage } from "@shared/i18n/language";

const browserWants = (...languages: string[]) => vi.spyOn(navigator, "languages", "get").mockReturnValue(languages);

afterEach(() => {
  vi.restoreAllMocks();
  window.localStorage.clear();
});

it.each([
  [["de-AT", "en"], "de"],
  [["en-GB", "de"], "en"],
  [["fr", "de"], "en"],
])("a browser that wants %j begins in %s", (languages, expected) => {
  browserWants(...languages);
  expect(preferredLanguage()).toBe(expected);
});

it("what was chosen here goes before what the browser wants, unless it is no language", () => {
  browserWants("en");
  rememberLanguage("de");
  expect(preferredLanguage()).toBe("de");
  window.localStorage.setItem("flomir.language", "fr");
  expect(preferredLanguage()).toBe("en");
});

it("a browser that keeps nothing is no fault", () => {
  const forbid = () => { throw new DOMException("forbidden", "SecurityError"); };
  vi.spyOn(window, "localStorage", "get").mockImplementation(forbid);
  browserWants("de");
  rememberLanguage("en");
  expect(preferredLanguage()).toBe("de");
});
