/** Why there are no images: what happened and what to do in the present language, between them the program's own detail. */
import { asSentence } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";

import type { Reconstruction } from "@app/api/schemas";

export function Why({ problem }: { problem: NonNullable<Reconstruction["problem"]> }) {
  const { title, advice } = translatedProblem(problem.code) ?? problem;
  return (
    <>
      {title !== "" && <div>{title}</div>}
      <div style={{ overflowWrap: "anywhere" }}>{asSentence(problem.detail)}</div>
      {advice !== "" && <div>{advice}</div>}
    </>
  );
}
