/** Colour maps as lookups from 0..1 to red, green, blue. */

/** "viridis" is perceptually even; "difference" runs from blue over black to orange, for values on both sides of zero. */
export type ColourMap = "grey" | "inverse" | "hot" | "viridis" | "difference";
/** What a person may choose for an image. */
export const COLOUR_MAPS: readonly ColourMap[] = ["grey", "inverse", "hot", "viridis"];

/** Every 17th entry of matplotlib's viridis (Smith & van der Walt 2015, CC0); between them straight lines, at most 7 of 255 off. */
const VIRIDIS: readonly (readonly [number, number, number])[] = [
  [68, 1, 84], [72, 26, 108], [71, 47, 125], [65, 68, 135], [57, 86, 140], [49, 104, 142], [42, 120, 142], [35, 136, 142],
  [31, 152, 139], [34, 168, 132], [53, 183, 121], [84, 197, 104], [122, 209, 81], [165, 219, 54], [210, 226, 27], [253, 231, 37],
];

const byte = (value: number) => Math.round(255 * Math.min(1, Math.max(0, value)));

function between(stops: readonly (readonly [number, number, number])[], t: number): [number, number, number] {
  const at = t * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [stops[low] ?? [0, 0, 0], stops[low + 1] ?? [0, 0, 0]];
  const mix = (from: number, to: number) => (from + (to - from) * (at - low)) / 255;
  return [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])];
}

function colour(map: ColourMap, t: number): [number, number, number] {
  if (map === "hot") return [t / 0.375, (t - 0.375) / 0.375, (t - 0.75) / 0.25];
  if (map === "viridis") return between(VIRIDIS, t);
  if (map === "difference") return t < 0.5 ? [0.25 * (1 - 2 * t), 0.6 * (1 - 2 * t), 1 - 2 * t] : [2 * t - 1, 0.55 * (2 * t - 1), 0];
  const grey = map === "inverse" ? 1 - t : t;
  return [grey, grey, grey];
}

/** 256 entries of three bytes. "hot" runs black, red, yellow, white. */
export function lookup(map: ColourMap): Uint8Array {
  const table = new Uint8Array(256 * 3);
  for (let index = 0; index < 256; index += 1) {
    const [r, g, b] = colour(map, index / 255);
    table.set([byte(r), byte(g), byte(b)], index * 3);
  }
  return table;
}

export interface Window {
  low: number;
  high: number;
}

/** RGBA pixels of a picture whose value at (column, row) is given. */
export function paint(
  columns: number,
  rows: number,
  value: (column: number, row: number) => number,
  window: Window,
  map: ColourMap,
): Uint8ClampedArray<ArrayBuffer> {
  const table = lookup(map);
  const pixels = new Uint8ClampedArray(columns * rows * 4);
  const span = window.high - window.low || 1;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const t = Math.min(1, Math.max(0, (value(column, row) - window.low) / span));
      const entry = Math.round(t * 255) * 3;
      const at = (row * columns + column) * 4;
      pixels[at] = table[entry] ?? 0;
      pixels[at + 1] = table[entry + 1] ?? 0;
      pixels[at + 2] = table[entry + 2] ?? 0;
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

const TINT = [60, 220, 255] as const;
const MOST_TINT = 0.8;

/** Lay a colour over painted pixels, the denser the larger the value at (column, row); densest from `full` on. */
export function tint(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  columns: number,
  rows: number,
  value: (column: number, row: number) => number,
  full: number,
): void {
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const share = MOST_TINT * Math.min(1, Math.max(0, value(column, row) / (full || 1)));
      const at = (row * columns + column) * 4;
      TINT.forEach((part, channel) => {
        pixels[at + channel] = (pixels[at + channel] ?? 0) * (1 - share) + part * share;
      });
    }
  }
}
