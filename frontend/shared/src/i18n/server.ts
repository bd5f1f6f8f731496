/** What the daemons say in English, in the present language: their codes and keys stay, their sentences may change. */
import { spoken } from "@shared/i18n/language";
import { problemsDe, type Advised } from "@shared/i18n/problems.de";
import { serverDe } from "@shared/i18n/server.de";

const names: Record<keyof typeof serverDe, Readonly<Record<string, string>>> = serverDe;

/** Title and advice of a problem; undefined where the daemon's own English is to be shown. */
export function translatedProblem(code: string): Advised | undefined {
  return spoken() === "de" ? problemsDe[code] : undefined;
}

/** The name or note of a task, metric, strategy or parameter; what is empty or unknown stays as the daemon wrote it. */
export function translatedName(kind: keyof typeof serverDe, key: string, english: string): string {
  return spoken() === "de" && english !== "" ? (names[kind][key] ?? english) : english;
}
