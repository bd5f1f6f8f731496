/** Sentences with numbers and days in them: one is not many, and a German page writes them as Germans do. */
import { createInstance } from "i18next";
import { afterEach, describe, expect, it } from "vitest";

import { speak } from "@shared/i18n/language";

import { activityText as told } from "../contributor/src/features/activity/words";
import { de as contributorDe } from "../contributor/src/i18n/de";
import { en as contributorEn } from "../contributor/src/i18n/en";
import { activityText as noted } from "../orchestrator/src/features/activity/words";
import { differences } from "../orchestrator/src/features/sessions/components/compare";
import { de as orchestratorDe } from "../orchestrator/src/i18n/de";
import { en as orchestratorEn } from "../orchestrator/src/i18n/en";
import { session } from "./sessions";

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

function house(lng: "en" | "de", key: string, values: Record<string, unknown>): string {
  speak(lng);
  return noted(line(key, values), speaker(lng, orchestratorEn, orchestratorDe));
}

afterEach(() => speak("en"));

describe("lines of the activity", () => {
  it("count each thing by itself", () => {
    expect(site("en", "import.done", { added: 1, refused: 2 })).toBe("An import is done: 1 study added, 2 files not taken.");
    expect(site("de", "import.failed", { added: 0, refused: 1 })).toBe("Ein Import ist fehlgeschlagen: 0 Studien hinzugefügt, 1 Datei nicht übernommen.");
    expect(site("en", "data.removed", { studies: 1, reconstructions: 1 })).toBe("All data were removed: 1 study, 1 reconstruction.");
    expect(site("de", "data.removed", { studies: 12, reconstructions: 0 })).toBe("Alle Daten wurden entfernt: 12 Studien, 0 Rekonstruktionen.");
  });

  it("name a day as people do, wherever they are", () => {
    expect(site("de", "certificate.expires", { day: "2026-03-05" })).toContain("endet am 5. März 2026.");
    expect(house("en", "certificate.expires", { name: "North", day: "2026-03-05" })).toBe("The certificate of North ends on 5 Mar 2026.");
  });

  it("have a comma before German decimals", () => {
    expect(house("de", "update.received", { name: "Nord", count: 1, seconds: 12.3 })).toBe("Aktualisierung von Nord erhalten (1 Studie, 12,3 s trainiert).");
    expect(house("en", "update.received", { name: "North", count: 3, seconds: 12.3 })).toBe("Update of North received (3 studies, trained 12.3 s).");
  });
});

it.each(["en", "de"] as const)("one of anything is not spoken of as many (%s)", (lng) => {
  const laboratory = speaker(lng, orchestratorEn, orchestratorDe);
  const hospital = speaker(lng, contributorEn, contributorDe);
  for (const key of ["trust.ends", "newData.readyText", "newData.notYetText", "newData.studies", "act.resume.first", "act.stop.first", "plan.timeKnown"]) expect([key, laboratory(key, { count: 1 })]).not.toEqual([key, laboratory(key, { count: 2 }).replace("2", "1")]);
  for (const key of ["request.rounds", "request.howLongValue", "further.note", "rules.sentence"]) expect([key, hospital(key, { count: 1 })]).not.toEqual([key, hospital(key, { count: 2 }).replace("2", "1")]);
});

it("settings of sessions are compared in the reader's numbers and words", () => {
  const other = { ...session, fraction: 0.25, seed: 1_234_567, task_parameters: { learning_rate: 0.00123, augment: true } };
  const first = { ...session, fraction: 1, seed: 0, task_parameters: { learning_rate: 0.0012, augment: false } };
  const rows = () => Object.fromEntries(differences([first, other]).map(({ name, values }) => [name, values]));
  expect(rows()).toEqual({ fraction: ["1", "0.25"], seed: ["0", "1234567"], "parameter:learning_rate": ["0.0012", "0.00123"], "parameter:augment": ["no", "yes"] });
  speak("de");
  expect(rows()).toEqual({ fraction: ["1", "0,25"], seed: ["0", "1234567"], "parameter:learning_rate": ["0,0012", "0,00123"], "parameter:augment": ["nein", "ja"] });
});
