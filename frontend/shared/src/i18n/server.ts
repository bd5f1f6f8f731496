/** What the daemons say in English, in the present language: their codes and keys stay, their sentences may change. */
import { formatCount, formatPlain } from "@shared/format/format";
import { alarmDe } from "@shared/i18n/alarm.de";
import { actorsDe, auditDe } from "@shared/i18n/audit.de";
import { spoken } from "@shared/i18n/language";
import { notesDe } from "@shared/i18n/notes.de";
import { problemsDe, type Advised } from "@shared/i18n/problems.de";
import { serverDe } from "@shared/i18n/server.de";

const names: Record<keyof typeof serverDe, Readonly<Record<string, string>>> = serverDe;

/** Title and advice of a problem; undefined where the daemon's own English is to be shown. */
export function translatedProblem(code: string): Advised | undefined {
  return spoken() === "de" ? problemsDe[code] : undefined;
}

/** An act of the audit log; one without German is written as the log names it. */
export function translatedAct(action: string): string {
  const words = action.replaceAll(/[._]/g, " ");
  return (spoken() === "de" ? auditDe[action] : undefined) ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** Who acted, where it was no person but a part of the program. */
export function translatedActor(actor: string): string {
  return (spoken() === "de" ? actorsDe[actor] : undefined) ?? actor;
}

/** A note on a scan by its code and its values; one without a code, or with an unknown one, stays as it was written. */
export function translatedNote({ code, text, values }: { code: string; text: string; values: Readonly<Record<string, number | string>> }): string {
  const german = spoken() === "de" ? notesDe[code] : undefined;
  if (german === undefined) return text;
  return german.replaceAll(/\{\{(\w+)\}\}/g, (mark, name: string) => {
    const value = values[name];
    if (typeof value !== "number") return value ?? mark;
    return Number.isInteger(value) ? formatCount(value) : formatPlain(value);
  });
}

/** Why a study is unlike those that a model learned on; the daemon's English names numbers, German is chosen by the code. */
export function translatedAlarm({ code, sentence, remedy }: { code: string; sentence: string; remedy: string }): { sentence: string; remedy: string } {
  return (spoken() === "de" ? alarmDe[code] : undefined) ?? { sentence, remedy };
}

/** The name or note of a task, metric, strategy or parameter; what is empty or unknown stays as the daemon wrote it. */
export function translatedName(kind: keyof typeof serverDe, key: string, english: string): string {
  return spoken() === "de" && english !== "" ? (names[kind][key] ?? english) : english;
}
