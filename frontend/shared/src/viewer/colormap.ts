/** Colour maps as lookups from 0..1 to red, green, blue. */

export type ColourMap = "grey" | "inverse" | "hot";
export const COLOUR_MAPS: readonly ColourMap[] = ["grey", "inverse", "hot"];

const byte = (value: number) => Math.round(255 * Math.min(1, Math.max(0, value)));

/** 256 entries of three bytes. "hot" runs black, red, yellow, white. */
export function lookup(map: ColourMap): Uint8Array {
  const table = new Uint8Array(256 * 3);
  for (let index = 0; index < 256; index += 1) {
    const t = index / 255;
    const grey = map === "inverse" ? 1 - t : t;
    const [r, g, b] = map === "hot" ? [t / 0.375, (t - 0.375) / 0.375, (t - 0.75) / 0.25] : [grey, grey, grey];
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
