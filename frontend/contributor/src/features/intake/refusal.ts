/** Why a file became no study: in German by the code, with the reader's detail between; else as the reader wrote it. */
import { asSentence } from "@shared/format/format";
import { spoken } from "@shared/i18n/language";
import { translatedProblem } from "@shared/i18n/server";

import type { ImportFile } from "@app/api/schemas.intake";
import { readersDe } from "@app/i18n/readers.de";

export function refusalOf({ code, detail, advice }: Pick<ImportFile, "code" | "detail" | "advice">): string {
  const german = translatedProblem(code) ?? (spoken() === "de" ? readersDe[code] : undefined);
  if (german === undefined) return `${asSentence(detail)} ${asSentence(advice)}`.trim();
  return [german.title, asSentence(detail), german.advice].filter((part) => part !== "").join(" ");
}
