/** A table of any length: only the rows in sight stand in the document, and assistive technology learns where they are. */
import { Table } from "@mantine/core";
import { useCallback, useEffect, useRef, useState, type FocusEvent, type ReactNode } from "react";

import { sameWindow, WHOLE, wholeWindow, windowOf } from "@shared/ui/rowWindow";

const BEYOND_PX = 600;
/** Until rows are measured. */
const ROW_PX = 60;

interface LongTableProps<Row> {
  label: string;
  /** The header cells. */
  head: ReactNode;
  columns: number;
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** The cells of a row. */
  children: (row: Row) => ReactNode;
}

export function LongTable<Row>({ label, head, columns, rows, rowKey, children }: LongTableProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const { parts, rest, onFocus, onBlur } = useRowWindow(body, rows, rowKey);
  const gap = (key: string, height: number) => <tr key={key} aria-hidden="true" style={{ height }}><td colSpan={columns} style={{ padding: 0, border: 0 }} /></tr>;
  // One flat list with keys: a row that becomes a part of its own (it has the focus) stays the same element.
  const content: ReactNode[] = parts.flatMap((part, number) => [
    part.gap > 0 && gap(`gap ${number}`, part.gap),
    ...rows.slice(part.from, part.to).map((row, index) => (
      <Table.Tr key={rowKey(row)} data-key={rowKey(row)} aria-rowindex={part.from + index + 2}>{children(row)}</Table.Tr>
    )),
  ]);
  return (
    <div className="table-wrap">
      <Table aria-label={label} aria-rowcount={rows.length + 1} verticalSpacing="sm" highlightOnHover>
        <Table.Thead><Table.Tr aria-rowindex={1}>{head}</Table.Tr></Table.Thead>
        <Table.Tbody ref={body} onFocus={onFocus} onBlur={onBlur}>
          {content}
          {rest > 0 && gap("rest", rest)}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function useRowWindow<Row>(body: React.RefObject<HTMLTableSectionElement | null>, rows: readonly Row[], rowKey: (row: Row) => string) {
  const heights = useRef(new Map<string, number>());
  const focused = useRef<string | null>(null);
  const frame = useRef(0);
  const [shown, setShown] = useState(() => wholeWindow(rows.length));
  const latest = useRef({ rows, rowKey });

  const look = useCallback(() => {
    const element = body.current;
    if (element === null) return;
    for (const row of element.querySelectorAll<HTMLTableRowElement>("tr[data-key]")) heights.current.set(row.dataset.key ?? "", row.offsetHeight);
    const known = [...heights.current.values()];
    const usual = known.length === 0 ? ROW_PX : known.reduce((sum, height) => sum + height, 0) / known.length;
    const keys = latest.current.rows.map(latest.current.rowKey);
    const top = -element.getBoundingClientRect().top;
    const focus = focused.current === null ? null : keys.indexOf(focused.current);
    const next = windowOf(keys.map((key) => heights.current.get(key) ?? usual), top - BEYOND_PX, top + window.innerHeight + BEYOND_PX, focus);
    setShown((before) => (sameWindow(before, next) ? before : next));
  }, [body]);

  const long = rows.length > WHOLE;
  useEffect(() => {
    latest.current = { rows, rowKey };
    if (!long) return undefined;
    const later = () => {
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(look);
    };
    later();
    document.addEventListener("scroll", later, { capture: true, passive: true });
    window.addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame.current);
      document.removeEventListener("scroll", later, { capture: true });
      window.removeEventListener("resize", later);
    };
  }, [rows, rowKey, long, look]);

  const onFocus = (event: FocusEvent) => { focused.current = event.target.closest("tr")?.dataset.key ?? null; };
  const onBlur = () => { focused.current = null; };
  const whole = { parts: [{ from: 0, to: rows.length, gap: 0 }], rest: 0 };
  return { ...(long ? shown : whole), onFocus, onBlur };
}
