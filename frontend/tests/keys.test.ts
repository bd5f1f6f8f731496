import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { en as contributor } from "../contributor/src/i18n/en";
import { en as orchestrator } from "../orchestrator/src/i18n/en";
import { sharedEn } from "@shared/i18n/en";

const root = join(import.meta.dirname, "..");

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
    .map((name) => readFileSync(join(root, folder, name), "utf8"));
}

/** Keys written out in full in a call of `t`; composed ones are left to the eye. */
function used(folder: string): string[] {
  return sources(folder).flatMap((text) => [...text.matchAll(/\bt\("([^"]+)"/g)].map((match) => match[1] ?? ""));
}

function has(tree: unknown, key: string): boolean {
  let at: unknown = tree;
  for (const part of key.split(".")) {
    if (typeof at !== "object" || at === null) return false;
    const next = Object.entries(at).find(([name]) => name === part || name === `${part}_other`);
    if (next === undefined) return false;
    [, at] = next;
  }
  return typeof at === "string";
}

describe("texts", () => {
  it.each([
    ["shared/src", sharedEn],
    ["orchestrator/src", orchestrator],
    ["contributor/src", contributor],
  ])("every key that %s uses has an English text", (folder, texts) => {
    expect(used(folder).filter((key) => !has(texts, key))).toEqual([]);
  });
});
