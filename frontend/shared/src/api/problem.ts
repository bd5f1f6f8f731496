/** Errors as the daemons write them (RFC 9457 problem+json), parsed at the border. */
import { z } from "@shared/zod";

const problemSchema = z.object({
  title: z.string(),
  status: z.number(),
  detail: z.string().default(""),
  code: z.string().default("internal"),
  advice: z.string().default(""),
  request_id: z.string().nullish(),
  retryable: z.boolean().default(false),
});

export type ProblemBody = z.infer<typeof problemSchema>;

/** A failed request: what happened in a sentence, and what to do next. */
export class ProblemError extends Error {
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.title);
    this.name = "ProblemError";
    this.body = body;
  }
}

/** Read an error body; anything that is not a problem becomes an honest general one. */
export function parseProblem(body: unknown, status: number): ProblemError {
  const parsed = problemSchema.safeParse(body);
  if (parsed.success) return new ProblemError(parsed.data);
  return new ProblemError({
    title: "The program gave an answer that this page does not understand.",
    status,
    detail: `HTTP ${status}`,
    code: "page.unreadable_answer",
    advice: "Reload the page. If it stays, restart the program.",
    retryable: true,
  });
}

/** Whether what a page is about is not there: it never was, or it was removed meanwhile (null). */
export function isGone({ data, isError, error }: { data: unknown; isError: boolean; error: unknown }): boolean {
  return data === null || (isError && toProblem(error).status === 404);
}

/** Turn whatever was thrown into a problem that can be shown. */
export function toProblem(error: unknown): ProblemBody {
  if (error instanceof ProblemError) return error.body;
  if (error instanceof TypeError) {
    return {
      title: "The program on this computer does not answer.",
      status: 0,
      detail: error.message,
      code: "page.unreachable",
      advice: "Check that it is still running; this page reconnects by itself.",
      retryable: true,
    };
  }
  return {
    title: "This page ran into an error.",
    status: 0,
    detail: error instanceof Error ? error.message : String(error),
    code: "page.error",
    advice: "Reload the page.",
    retryable: true,
  };
}
