/** Why a study may not train: in German by the code and its numbers, in English as the daemon says it. */
import { afterEach, expect, it } from "vitest";

import { speak } from "@shared/i18n/language";

import { inWords } from "../contributor/src/features/quality/words";

const finding = { code: "orbit.radius", text: "The radius runs from 14 to 26 mm.", remedy: "Check the unit.", numbers: { least_mm: 14, most_mm: 1026 } };

afterEach(() => speak("en"));

it("is in English as the daemon says it", () => {
  expect(inWords(finding)).toEqual({ text: finding.text, remedy: finding.remedy });
});

it("is in German by its code, with its numbers", () => {
  speak("de");
  expect(inWords(finding).text).toBe("Der Radius der Umlaufbahn reicht von 14 bis 1.026 mm; so steht keine Kamera um einen Patienten.");
  expect(inWords(finding).remedy).toContain("Prüfen Sie die Einheit");
});

it("stays English where nobody has translated it", () => {
  speak("de");
  expect(inWords({ ...finding, code: "orbit.new" })).toEqual({ text: finding.text, remedy: finding.remedy });
});
