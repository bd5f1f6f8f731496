import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { problemsDe } from "@shared/i18n/problems.de";
import { serverDe } from "@shared/i18n/server.de";

const root = join(import.meta.dirname, "..", "..");
const source = (path: string) => readFileSync(join(root, path), "utf8");
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? "");

/** The parameters of a pydantic model, each with what its Field says. */
const fields = [source("model/task_parameters.py"), source("fl_core/strategy_spec.py"), source("synthesis/form.py")]
  .flatMap((text) => [...text.matchAll(/^ {4}(\w+): \w+ = Field\(([\s\S]*?)\)$/gm)])
  .map(([, name = "", content = ""]) => ({ name, described: content.includes("description=") }));

function missing(keys: readonly string[], table: Readonly<Record<string, unknown>>): string[] {
  expect(keys).not.toEqual([]);
  return keys.filter((key) => !(key in table));
}

describe("German for what the daemons say in English", () => {
  it("has every code of the catalogue of errors", () => {
    expect(missing(all(source("fl_core/errors.py"), /^ {4}"([a-z_.]+)": Entry\(/gm), problemsDe)).toEqual([]);
  });

  it("has every code that a page makes itself", () => {
    const pages = ["problem", "array"].map((name) => source(`frontend/shared/src/api/${name}.ts`)).join("\n");
    expect(missing(all(pages, /code: "(page\.[a-z_]+)"/g), problemsDe)).toEqual([]);
  });

  it("says what happened and what to do in whole sentences", () => {
    const broken = Object.entries(problemsDe).filter(([, { title, advice }]) => ![title, advice].every((text) => /^[A-ZÄÖÜ].*\.$/.test(text)));
    expect(broken).toEqual([]);
  });

  it("has every task, metric and strategy", () => {
    const tasks = source("model/task_spec.py");
    const names = all(tasks, /^ {4}name="([\w-]+)",$/gm);
    expect([missing(names, serverDe.task), missing(names, serverDe.taskNote)]).toEqual([[], []]);
    expect(missing(all(tasks, /MetricSpec\("(\w+)"/g), serverDe.metric)).toEqual([]);
    const strategies = all(source("fl_core/strategy_spec.py"), /StrategySpec\(\s*"(\w+)"/g);
    expect([missing(strategies, serverDe.strategy), missing(strategies, serverDe.strategyNote)]).toEqual([[], []]);
  });

  it("has every parameter, with a note where it has one", () => {
    expect(missing(fields.map(({ name }) => name), serverDe.parameter)).toEqual([]);
    expect(missing(fields.filter(({ described }) => described).map(({ name }) => name), serverDe.parameterNote)).toEqual([]);
  });
});
