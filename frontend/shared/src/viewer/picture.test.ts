import { afterEach, expect, it, vi } from "vitest";

import { composePicture } from "@shared/viewer/picture";
import { LABELS } from "@shared/viewer/volume";

afterEach(() => vi.restoreAllMocks());

it("writes the letters of each plane on its edges and its slice in the corner", () => {
  const written: [string, number, number][] = [];
  const nothing = () => undefined;
  const context = { fillRect: nothing, drawImage: nothing, strokeText: nothing, save: nothing, restore: nothing, fillText: (word: string, x: number, y: number) => written.push([word, x, y]) };
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as unknown as ImageBitmapRenderingContext); // jsdom draws nothing; only these are called
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [200, 100];
  composePicture([{ title: "OSEM", planes: [{ canvas, letters: LABELS.coronal, slice: "3/64" }] }], "Research");
  const [left, top] = [12, 36];
  expect(written).toEqual([
    ["OSEM", left, 24],
    ["R", left + 8, top + 50], ["L", left + 192, top + 50],
    ["H", left + 100, top + 8], ["F", left + 100, top + 92],
    ["3/64", left + 192, top + 92],
    ["Research", 12, expect.any(Number)],
  ]);
});
