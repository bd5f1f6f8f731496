import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { preflightDe } from "../contributor/src/i18n/preflight.de";
import { network } from "../contributor/src/i18n/en.network";

const source = readFileSync(join(import.meta.dirname, "..", "..", "contributor/preflight/words.py"), "utf8");
const findings = [...source.matchAll(/^ {4}"([a-z_]+\.[a-z_]+)": Finding\(([\s\S]*?)\),?$(?=\n {4}"|\n\})/gm)].map(([, code = "", words = ""]) => ({ code, words }));
const marks = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([mark]) => mark))].sort();

it("every finding of the check has its German, with the same values, and its thing has a name", () => {
  expect(findings.length).toBeGreaterThan(50);
  expect(Object.keys(preflightDe).sort()).toEqual(findings.map(({ code }) => code).sort());
  for (const { code, words } of findings) {
    const { text = "", remedy = "" } = preflightDe[code] ?? {};
    expect([code, marks(text + remedy)]).toEqual([code, marks(words)]);
    expect(Object.keys(network.preflight.check)).toContain(code.split(".")[0]);
  }
});
