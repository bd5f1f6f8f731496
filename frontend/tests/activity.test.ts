/** Every line of the activity that a daemon writes has words on the pages; German ones are there for every English one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { en as contributor } from "../contributor/src/i18n/en";
import { en as orchestrator } from "../orchestrator/src/i18n/en";

const root = join(import.meta.dirname, "..", "..");
const JOURNAL = /journal\.(?:note|tell)\(/g;
/** What the services write lines by. */
const HELPERS = /\._(?:note|tell|tell_of_site|take_out|leave_out|switch|book\.change)\(/g;
const FORMS = /_(?:one|other|zero)$/;

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".py")).map((name) => readFileSync(join(root, folder, name), "utf8"));
}

/** From an opening parenthesis to the one that closes it. */
function call(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}

/** The keys a daemon's lines are written with; one that is put together ends with a star. */
function written(folders: readonly string[]): string[] {
  const found = new Set<string>();
  for (const [folder, text] of folders.flatMap((name) => sources(name).map((one) => [name, one] as const))) {
    const calls = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => call(text, match.index + match[0].length));
    const told = calls(JOURNAL).filter((given) => /\btext=(?!None)/.test(given)).map((given) => /\b(?:action|key)=[\s\S]*?(?=,\s*\w+=|$)/.exec(given)?.[0] ?? "");
    for (const where of [...told, ...(folder.endsWith("services") ? calls(HELPERS) : [])]) {
      for (const [, key = ""] of where.matchAll(/(?<!f)"([a-z]+\.[a-z_.]+)"/g)) found.add(key);
      for (const [, start = ""] of where.matchAll(/f"([a-z]+\.[a-z_.]*)\{/g)) found.add(`${start}*`);
    }
  }
  return [...found].sort();
}

function keys(tree: object, path = ""): string[] {
  return Object.entries(tree).flatMap(([name, value]: [string, unknown]) => (typeof value === "object" && value !== null ? keys(value, `${path}${name}.`) : [`${path}${name}`.replace(FORMS, "")]));
}

it("has words for every way in which a model is added", () => {
  const told = Object.keys(orchestrator.model.origin).filter((origin) => origin !== "round"); // a round has a line of its own
  expect(Object.keys(orchestrator.activity.model.added).sort()).toEqual(told.sort());
});

describe.each([
  ["contributor", ["contributor/services", "fl_core"], contributor.activity, 35],
  ["orchestrator", ["orchestrator/services", "fl_core"], orchestrator.activity, 35],
] as const)("the activity of the %s", (_, folders, texts, least) => {
  it("has words for every line", () => {
    const known = keys(texts);
    const lines = written(folders);
    expect(lines.length).toBeGreaterThan(least);
    expect(lines.filter((line) => !known.some((key) => (line.endsWith("*") ? key.startsWith(line.slice(0, -1)) : key === line)))).toEqual([]);
  });
});
