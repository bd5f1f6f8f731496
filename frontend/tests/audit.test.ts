/** Every act that a daemon writes into its audit log has a German name, and no other has. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, expect, it } from "vitest";

import { auditDe } from "@shared/i18n/audit.de";
import { sharedDe } from "@shared/i18n/de";
import { sharedEn } from "@shared/i18n/en";
import { speak } from "@shared/i18n/language";
import { translatedAct } from "@shared/i18n/server";

const root = join(import.meta.dirname, "..", "..");
const source = (path: string) => readFileSync(join(root, path), "utf8");
const sources = ["orchestrator", "contributor", "fl_core"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".py")).map((name) => source(join(folder, name))));

/** Where an act is named: the argument itself, or a call of what passes it on. */
const NAMED = /\baction=([^,()]*(?:\([^()]*\)[^,()]*)*)|\._(?:note|switch|put|record)\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/g;

const strings = (text: string) => [...text.matchAll(/"(\w+)"/g)].map(([, word = ""]) => word);
const members = (path: string, name: string) => strings(new RegExp(`class ${name}\\(StrEnum\\):([\\s\\S]*?)\\n\\n\\n`).exec(source(path))?.[1]?.replace(/"""[\s\S]*?"""/, "") ?? "");
const choices = (path: string, before: string) => strings(new RegExp(`${before} ?[=:] ?Literal\\[([\\s\\S]*?)\\]`).exec(source(path))?.[1] ?? "");

/** What stands in the braces of a name that is put together. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  "connection.{state}": choices("fl_core/storage/site_connection.py", "ConnectionState"),
  "consent.{said}": choices("fl_core/protocol/messages.py", "decision"),
  "consent.further_{said}": choices("fl_core/protocol/messages.py", "decision"),
  "import.{state.value}": ["cancelled", "done", "failed"],
  "laboratory.{kind}": choices("orchestrator/laboratory_schemas.py", "JobKind"),
  "laboratory.job_{event.value}": members("fl_core/storage/lab_work.py", "JobEvent"),
  "model.added.{origin}": choices("orchestrator/schemas.py", "ModelOrigin"),
  "result.{event.value}": members("fl_core/storage/lab_work.py", "JobEvent"),
  "session.{event.value}": members("fl_core/lifecycle.py", "SessionEvent"),
  "settings.{key}": ["limits", "notices", "retention"],
  "site.{event.value}": members("fl_core/lifecycle.py", "EnrolmentEvent"),
};

/** `rule.{'resumed' if active else 'paused'}` is one of two names, `session.{event.value}` one of many. */
function names(pattern: string): string[] {
  const either = /\{'(\w*)' if [^{}']* else '(\w*)'\}/.exec(pattern);
  if (either !== null) return [either[1] ?? "", either[2] ?? ""].flatMap((word) => names(pattern.replace(either[0], word)));
  if (!pattern.includes("{")) return [pattern];
  const values = VALUES[pattern] ?? [];
  if (values.length < 2) throw new Error(`${pattern}: what stands in the braces is not known`);
  return values.map((value) => pattern.replace(/\{[^{}]*\}/, value));
}

/** Names in quotes: words with a point between them, and perhaps braces. */
const quoted = (text: string) => [...text.matchAll(/"([a-z]+\.[a-z_.]*(?:\{[^"]*)?)"/g)].map(([, name = ""]) => name);
const acts = new Set(sources.flatMap((text) => [...text.matchAll(NAMED)]).flatMap(([, argument, call]) => quoted(argument ?? call ?? "")).flatMap(names));

afterEach(() => speak("en"));

it("has every act", () => {
  expect(acts.size).toBeGreaterThan(120);
  expect([...acts].filter((act) => !(act in auditDe)).sort()).toEqual([]);
  expect(Object.keys(auditDe).filter((act) => !acts.has(act)).sort()).toEqual([]);
});

it("has a name for every area, by which the log is looked through", () => {
  const areas = [...new Set([...acts].map((act) => act.replace(/\..*/, "")))].sort();
  expect([Object.keys(sharedEn.auditFilter.areaOf).sort(), Object.keys(sharedDe.auditFilter.areaOf).sort()]).toEqual([areas, areas]);
});

it("is written in German on a German page, and an unknown one as the log names it", () => {
  expect(translatedAct("consent.withdrawn")).toBe("Consent withdrawn");
  speak("de");
  expect([translatedAct("consent.withdrawn"), translatedAct("later.act_of")]).toEqual(["Einwilligung widerrufen", "Later act of"]);
});
