import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";

import { useWhole } from "@shared/realtime/useLiveList";

type List = { data: unknown; isFetching: boolean };
const list = (data: unknown, isFetching: boolean): List => ({ data, isFetching });

it("a list is whole once its last part is there, and stays so while it is read again", () => {
  const { result, rerender } = renderHook((now: List) => useWhole(now), { initialProps: list(undefined, true) });
  const after = (data: unknown, isFetching: boolean) => { rerender(list(data, isFetching)); return result.current; };
  expect(result.current).toBe(false);
  expect(after(["the first part"], true)).toBe(false);
  expect(after(["the first part", "the rest"], false)).toBe(true);
  expect(after(["the first part", "the rest"], true)).toBe(true);
});
