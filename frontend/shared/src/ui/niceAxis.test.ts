import { expect, it } from "vitest";

import { niceAxis } from "@shared/ui/niceAxis";

const marks = (values: readonly (number | null)[]) => {
  const { ticks, tickFormatter, domain } = niceAxis(values);
  expect(domain).toEqual([ticks[0], ticks.at(-1)]);
  return ticks.map(tickFormatter);
};

it("marks round numbers around all values, with the same decimals on each", () => {
  expect(marks([1.19, 1.58, 1.27])).toEqual(["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]);
  expect(marks([0.0367, 1.75])).toEqual(["0.0", "0.5", "1.0", "1.5", "2.0"]);
  expect(marks([2.74, null, 12.3])).toEqual(["2", "4", "6", "8", "10", "12", "14"]);
  expect(marks([0.286, 0.301])).toEqual(["0.285", "0.290", "0.295", "0.300", "0.305"]);
});

it("has room around a single value, around none, and around very small and large ones", () => {
  expect(marks([0.4])).toEqual(["0.3", "0.4", "0.5"]);
  expect(marks([0])).toEqual(["−0.2", "0.0", "0.2"]);
  expect(marks([])).toEqual(["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  expect(niceAxis([1e-6, 3e-6]).ticks.length).toBeLessThan(8);
  expect(niceAxis([0, 8000]).ticks).toEqual([0, 2000, 4000, 6000, 8000]);
});
