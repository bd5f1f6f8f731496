/** Which imports the page shows: every one that goes on or waits for somebody, and the newest of those that are over. */
import type { Import } from "@app/api/schemas.intake";

const MOST_OVER = 3;

type Standing = Pick<Import, "state" | "can_resume">;

const isOver = ({ state, can_resume: canResume }: Standing) => (state === "done" || state === "cancelled") && !canResume;

/** `list`: the newest first. */
export function shownImports<T extends Standing>(list: readonly T[]): T[] {
  const over = new Set(list.filter(isOver).slice(MOST_OVER));
  return list.filter((one) => !over.has(one));
}
