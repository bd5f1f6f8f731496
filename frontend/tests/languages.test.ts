import { describe, expect, it } from "vitest";

import { de as contributorDe } from "../contributor/src/i18n/de";
import { en as contributorEn } from "../contributor/src/i18n/en";
import { de as orchestratorDe } from "../orchestrator/src/i18n/de";
import { en as orchestratorEn } from "../orchestrator/src/i18n/en";
import { sharedDe } from "@shared/i18n/de";
import { sharedEn } from "@shared/i18n/en";

/** Names, and words that German shares with English. */
const SAME = new Set(["FBP", "MAP-OSEM", "Matrix", "MLEM", "Details", "FedAvg", "FedProx", "Hot", "Link", "Name", "Norm", "Orchestrator", "OSEM", "Sagittal", "SHA-256", "Start", "Tensor", "Training", "Version", "Viridis", "Segment", "Patient {{patient}}"]);

/** Every text with its path. */
function flat(tree: object, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(tree)) {
    const here = path === "" ? name : `${path} / ${name}`;
    if (typeof value === "string") found.set(here, value);
    else if (typeof value === "object" && value !== null) for (const [key, text] of flat(value, here)) found.set(key, text);
  }
  return found;
}

const placeholders = (text: string) => [...text.matchAll(/\{\{.*?\}\}/g)].map(([mark]) => mark).sort();
const wordless = (text: string) => !/\p{L}/u.test(text.replaceAll(/\{\{.*?\}\}/g, ""));

describe.each([
  ["shared", sharedEn, sharedDe],
  ["orchestrator", orchestratorEn, orchestratorDe],
  ["contributor", contributorEn, contributorDe],
])("the German texts of %s", (_, english, german) => {
  const en = flat(english);
  const de = flat(german);

  it("are there for every English one, and for nothing else", () => {
    expect([...de.keys()].sort()).toEqual([...en.keys()].sort());
  });

  it("hold the same placeholders", () => {
    const different = [...en].filter(([key, text]) => placeholders(text).join() !== placeholders(de.get(key) ?? "").join());
    expect(different.map(([key]) => key)).toEqual([]);
  });

  it("differ from the English ones, names and shared words aside", () => {
    const same = [...en].filter(([key, text]) => de.get(key) === text && !wordless(text) && !SAME.has(text));
    expect(same).toEqual([]);
  });

  it("address the reader as Sie and use German quotation marks", () => {
    expect([...de.values()].filter((text) => /\b(du|dein\w*|dir|dich)\b/i.test(text) || /“[^”]*”|"/.test(text))).toEqual([]);
  });
});
