/** An axis whose marks are round numbers, with as many decimals as tell them apart and no more. */
import { formatFixed, formatNumber } from "@shared/format/format";

export interface NiceAxis {
  domain: [number, number];
  ticks: number[];
  tickFormatter: (value: number) => string;
}

/** At most so many spaces between marks. */
const SPACES = 5;

export function niceAxis(values: readonly (number | null | undefined)[]): NiceAxis {
  const known = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const [least, most] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)];
  const span = most - least || Math.abs(most) || 1;
  const step = roundStep(span / SPACES);
  let from = Math.floor(least / step);
  let to = Math.ceil(most / step);
  if (from === to) [from, to] = [from - 1, to + 1];
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => Number(((from + index) * step).toPrecision(12)));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const tickFormatter = digits > 4 || step >= 1000 ? formatNumber : (value: number) => formatFixed(value, digits);
  return { domain: [ticks[0] ?? 0, ticks.at(-1) ?? 1], ticks, tickFormatter };
}

/** The next of 1, 2, 5, 10, 20 … that is not smaller. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  const factor = [1, 2, 5, 10].find((one) => one * power >= size * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(3));
}
