/** What the check or the line found, in the present language: the daemon's English, or German by the code. */
import { spoken } from "@shared/i18n/language";
import { formatPlain } from "@shared/format/format";

import type { PreflightLine } from "@app/api/schemas.network";
import { preflightDe } from "@app/i18n/preflight.de";

export function wording(line: PreflightLine): { text: string; remedy: string } {
  const german = spoken() === "de" ? preflightDe[line.code] : undefined;
  if (german === undefined) return { text: line.text, remedy: line.remedy };
  return { text: filled(german.text, line.values), remedy: filled(german.remedy ?? "", line.values) };
}

function filled(template: string, values: PreflightLine["values"]): string {
  return template.replaceAll(/\{(\w+)\}/g, (mark, name: string) => {
    const value = values[name];
    return typeof value === "number" && name !== "port" ? formatPlain(value) : typeof value === "string" || typeof value === "number" ? String(value) : mark;
  });
}
