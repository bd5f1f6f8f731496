/** Sentences with numbers in them: one is not spoken of as many. */
import { createInstance } from "i18next";
import { afterEach, describe, expect, it } from "vitest";

import { speak } from "@shared/i18n/language";

import { activityText as told } from "../contributor/src/features/activity/words";
import { de as contributorDe } from "../contributor/src/i18n/de";
import { en as contributorEn } from "../contributor/src/i18n/en";
import { de as orchestratorDe } from "../orchestrator/src/i18n/de";
import { en as orchestratorEn } from "../orchestrator/src/i18n/en";

const speaker = (lng: "en" | "de", en: object, de: object) => {
  const instance = createInstance();
  void instance.init({ lng, defaultNS: "app", ns: ["app"], initAsync: false, interpolation: { escapeValue: false }, resources: { en: { app: en }, de: { app: de } } });
  return instance.t.bind(instance);
};
const line = (key: string, values: Record<string, unknown>) => ({ seq: 1, at: "", kind: "", subject: null, actor: null, text: "as it was written", key, values });

function site(lng: "en" | "de", key: string, values: Record<string, unknown>): string {
  speak(lng);
  return told(line(key, values), speaker(lng, contributorEn, contributorDe));
}

afterEach(() => speak("en"));

describe("lines of the activity", () => {
  it("count each thing by itself", () => {
    expect(site("en", "import.done", { added: 1, refused: 2 })).toBe("An import is done: 1 study added, 2 files not taken.");
    expect(site("de", "import.failed", { added: 0, refused: 1 })).toBe("Ein Import ist fehlgeschlagen: 0 Studien hinzugefügt, 1 Datei nicht übernommen.");
    expect(site("en", "data.removed", { studies: 1, reconstructions: 1 })).toBe("All data were removed: 1 study, 1 reconstruction.");
    expect(site("de", "data.removed", { studies: 12, reconstructions: 0 })).toBe("Alle Daten wurden entfernt: 12 Studien, 0 Rekonstruktionen.");
  });
});

it.each(["en", "de"] as const)("one of anything is not spoken of as many (%s)", (lng) => {
  const laboratory = speaker(lng, orchestratorEn, orchestratorDe);
  const hospital = speaker(lng, contributorEn, contributorDe);
  for (const key of ["trust.ends", "newData.readyText", "newData.notYetText", "newData.studies", "act.resume.first", "act.stop.first", "plan.timeKnown"]) expect([key, laboratory(key, { count: 1 })]).not.toEqual([key, laboratory(key, { count: 2 }).replace("2", "1")]);
  for (const key of ["request.rounds", "request.howLongValue", "further.note", "rules.sentence"]) expect([key, hospital(key, { count: 1 })]).not.toEqual([key, hospital(key, { count: 2 }).replace("2", "1")]);
});
