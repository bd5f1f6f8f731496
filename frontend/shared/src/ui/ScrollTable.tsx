/** A table that scrolls inside its card, by wheel, finger or keyboard. */
import type { ReactNode } from "react";

interface ScrollTableProps {
  label: string;
  maxHeight?: number;
  /** Keep the table as narrow as its content allows. */
  fit?: boolean;
  children: ReactNode;
}

export function ScrollTable({ label, maxHeight, fit = false, children }: ScrollTableProps) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <div className={fit ? "table-wrap fit" : "table-wrap"} role="group" aria-label={label} tabIndex={0} style={maxHeight === undefined ? undefined : { maxHeight, overflowY: "auto" }}>
      {children}
    </div>
  );
}
