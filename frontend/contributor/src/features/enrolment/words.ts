/** Why the relation to the laboratory stands as it does: in German by the code, with the daemon's detail; else as the daemon wrote it. */
import { asSentence } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";

import type { Connection } from "@app/api/schemas";

export function detailOf({ code, detail }: Pick<Connection, "code" | "detail">): string {
  const german = detail === "" ? undefined : translatedProblem(code);
  return german === undefined ? detail : `${german.title} ${asSentence(detail)} ${german.advice}`;
}
