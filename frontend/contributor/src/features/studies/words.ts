/** What the daemon says of a study in English, in the present language: by its code; what is unknown stays as it was written. */
import type { Study } from "@app/api/schemas";

type Translate = (key: string, options?: Record<string, unknown>) => string;

/** Why a study cannot be used, and what to do; undefined where it can. */
export function problemOf({ problem, problem_code: code, advice }: Study, t: Translate): { text: string; advice: string } | undefined {
  if (problem === "") return undefined;
  const key = code.replaceAll(".", "_");
  return { text: t(`study.problem.${key}.text`, { defaultValue: problem }), advice: t(`study.problem.${key}.advice`, { defaultValue: advice }) };
}

/** What a study is: every task has one kind. */
export const kindOf = ({ task, kind }: Study, t: Translate): string => t(`study.kindOf.${task}`, { defaultValue: kind });
