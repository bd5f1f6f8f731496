import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";

import { useWhole } from "@shared/realtime/useLiveList";

it("a list is whole once its last part is there, and stays so while it is read again", () => {
  const { result, rerender } = renderHook((...[list]: [{ data: unknown; isFetching: boolean }]) => useWhole(list as never), { initialProps: { data: undefined, isFetching: true } as { data: unknown; isFetching: boolean } });
  const after = (data: unknown, isFetching: boolean) => { rerender({ data, isFetching }); return result.current; };
  expect(result.current).toBe(false);
  expect(after(["the first part"], true)).toBe(false);
  expect(after(["the first part", "the rest"], false)).toBe(true);
  expect(after(["the first part", "the rest"], true)).toBe(true);
});
