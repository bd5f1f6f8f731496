/** What an import is called: the moment it began, and its number where several began in one second. */
import { formatClock, formatDay } from "@shared/format/format";

import type { Import } from "@app/api/schemas.intake";

/** One name an import, in their order; of those of one second, the oldest keeps the plain moment. `list`: the newest first. */
export function importNames(list: readonly Pick<Import, "created_at">[]): string[] {
  const moments = list.map(({ created_at: at }) => `${formatDay(at)}, ${formatClock(at)}`);
  return moments.map((moment, place) => {
    const before = moments.slice(place + 1).filter((other) => other === moment).length;
    return before === 0 ? moment : `${moment} (${before + 1})`;
  });
}
