/** Which rows of a long table stand in the document, and how tall the gaps between them are. */

export interface RowWindow {
  /** Rows [from, to) that are rendered, in order; `gap` pixels lie before them. */
  parts: readonly { from: number; to: number; gap: number }[];
  /** Pixels after the last part. */
  rest: number;
}

/** Tables up to this many rows stand whole in the document. */
export const WHOLE = 60;

export const wholeWindow = (count: number): RowWindow => ({ parts: [{ from: 0, to: Math.min(count, WHOLE), gap: 0 }], rest: 0 });

/**
 * The rows that overlap [top, bottom), in pixels from the first row's upper edge, and the row with the focus wherever it is:
 * a focused row that left the document would lose its focus.
 */
export function windowOf(heights: readonly number[], top: number, bottom: number, focused: number | null): RowWindow {
  const edges = [0];
  for (const height of heights) edges.push((edges.at(-1) ?? 0) + height);
  const edge = (row: number) => edges[row] ?? 0;
  let from = 0;
  while (from < heights.length - 1 && edge(from + 1) <= top) from += 1;
  let to = Math.min(from + 1, heights.length);
  while (to < heights.length && edge(to) < bottom) to += 1;
  const rows = [{ from, to }];
  if (focused !== null && focused >= 0 && focused < from) rows.unshift({ from: focused, to: focused + 1 });
  if (focused !== null && focused >= to && focused < heights.length) rows.push({ from: focused, to: focused + 1 });
  let after = 0;
  const parts = rows.map((part) => {
    const gap = Math.round(edge(part.from) - edge(after));
    after = part.to;
    return { ...part, gap };
  });
  return { parts, rest: Math.round(edge(heights.length) - edge(after)) };
}

export function sameWindow(a: RowWindow, b: RowWindow): boolean {
  return a.rest === b.rest && a.parts.length === b.parts.length && a.parts.every((part, index) => {
    const other = b.parts[index];
    return other !== undefined && part.from === other.from && part.to === other.to && part.gap === other.gap;
  });
}
