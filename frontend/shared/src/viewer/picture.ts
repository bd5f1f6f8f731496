/** The planes on screen as one picture to keep: window, colours and slices as they are seen. */
import type { PlaneLabels } from "@shared/viewer/volume";

const GAP = 12;
const TITLE = 30;
const EDGE = 8;

/** One plane as it is on screen, and what stands over it there. */
export interface SeenPlane {
  canvas: HTMLCanvasElement;
  letters: PlaneLabels;
  /** Which slice of how many. */
  slice: string;
}

/** Draw the planes of each column below its title, columns side by side, and `remark` below all; null when there is nothing to draw. */
export function composePicture(columns: readonly { title: string; planes: readonly SeenPlane[] }[], remark: string): HTMLCanvasElement | null {
  const width = Math.max(0, ...columns.flatMap(({ planes }) => planes.map(({ canvas }) => canvas.width)));
  const heights = columns.map(({ planes }) => planes.reduce((sum, { canvas }) => sum + canvas.height + GAP, 0));
  if (width === 0) return null;
  const target = document.createElement("canvas");
  target.width = columns.length * (width + GAP) + GAP;
  target.height = TITLE + Math.max(...heights) + GAP + TITLE;
  const context = target.getContext("2d");
  if (context === null) return null;
  context.fillStyle = "#000";
  context.fillRect(0, 0, target.width, target.height);
  context.fillStyle = "#fff";
  context.font = "600 20px sans-serif";
  columns.forEach(({ title, planes }, place) => {
    const left = GAP + place * (width + GAP);
    context.fillText(title, left, TITLE - 6, width);
    let top = TITLE + GAP / 2;
    for (const plane of planes) {
      context.drawImage(plane.canvas, left, top);
      drawWords(context, plane, left, top);
      top += plane.canvas.height + GAP;
    }
  });
  context.fillText(remark, GAP, target.height - GAP, target.width - 2 * GAP);
  return target;
}

/** The letters at the middle of each edge and the slice in the corner, legible on bright and on dark. */
function drawWords(context: CanvasRenderingContext2D, { canvas: { width, height }, letters, slice }: SeenPlane, left: number, top: number): void {
  const [centre, middle, right, bottom] = [left + width / 2, top + height / 2, left + width - EDGE, top + height - EDGE];
  const words: [string, number, number, CanvasTextAlign, CanvasTextBaseline][] = [
    [letters.left, left + EDGE, middle, "left", "middle"],
    [letters.right, right, middle, "right", "middle"],
    [letters.top, centre, top + EDGE, "center", "top"],
    [letters.bottom, centre, bottom, "center", "bottom"],
    [slice, right, bottom, "right", "bottom"],
  ];
  context.save();
  context.strokeStyle = "#000";
  context.lineWidth = 4;
  context.lineJoin = "round";
  for (const [word, x, y, align, baseline] of words) {
    context.textAlign = align;
    context.textBaseline = baseline;
    context.strokeText(word, x, y);
    context.fillText(word, x, y);
  }
  context.restore();
}

/** A file name out of words. */
export const pictureFileName = (words: string): string => `${words.replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-+|-+$/g, "") || "picture"}.png`;

export function savePicture(picture: HTMLCanvasElement, name: string): void {
  const link = document.createElement("a");
  link.href = picture.toDataURL("image/png");
  link.download = name;
  link.click();
}
