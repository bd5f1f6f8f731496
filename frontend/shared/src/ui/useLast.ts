/** What a dialog shows while it closes: the last value that was there. */
import { useState } from "react";

export function useLast<T>(value: T | null): T | null {
  const [last, setLast] = useState(value);
  if (value !== null && value !== last) setLast(value);
  return value ?? last;
}
