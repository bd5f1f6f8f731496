import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { alarmDe } from "@shared/i18n/alarm.de";
import { speak } from "@shared/i18n/language";
import { notesDe } from "@shared/i18n/notes.de";
import { problemsDe } from "@shared/i18n/problems.de";
import { translatedNote } from "@shared/i18n/server";
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

  it("has every note on a scan, with its values", () => {
    const notes = [...source("model/io/notes.py").matchAll(/^ {4}"([a-z_.]+)": (?:\(([\s\S]*?)\n {4}\)|(".*")),$/gm)].map(([, code = "", long, short]) => ({ code, words: long ?? short ?? "" }));
    const marks = (text: string, pattern: RegExp) => [...new Set(all(text, pattern))].sort();
    expect(notes.length).toBeGreaterThan(40);
    expect(Object.keys(notesDe).sort()).toEqual(notes.map(({ code }) => code).sort());
    for (const { code, words } of notes) expect([code, marks(notesDe[code] ?? "", /\{\{(\w+)\}\}/g)]).toEqual([code, marks(words, /\{(\w+)[^}]*\}/g)]);
  });

  it("fills a note with its values as Germans write them, and leaves an unknown one", () => {
    const text = "Only 8,123 counts; results will be noisy.";
    const one = { code: "counts.few", text, values: { counts: 8123 } };
    expect(translatedNote(one)).toBe(text);
    speak("de");
    expect(translatedNote(one)).toBe("Nur 8.123 Impulse; Ergebnisse werden verrauscht sein.");
    expect(translatedNote({ code: "ct.made", text: "", values: { slices: 64, energy_kev: 140.5 } })).toContain("64 Schichten für 140,5 keV");
    expect(translatedNote({ ...one, code: "" })).toBe(text);
    speak("en");
  });

  it("has every reason why a study is unlike those that a model learned on", () => {
    const text = source("model/confidence/alarm.py");
    const named = (table: string) => all(/^TABLE[^=]*= \{\n([\s\S]*?)^\}/m.exec(text.replace(`\n${table}`, "\nTABLE"))?.[1] ?? "", /^ {4}"(\w+)":/gm);
    const codes = [...named("_SAID"), ...named("_MISSING").map((name) => `no_${name}`), ...named("_QUANTITIES").map((name) => `range_${name}`)];
    expect(codes.length).toBeGreaterThan(8);
    expect(Object.keys(alarmDe).sort()).toEqual(codes.map((code) => `alarm.${code}`).sort());
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
