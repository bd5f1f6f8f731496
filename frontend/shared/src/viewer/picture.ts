/** The planes on screen as one picture to keep: window, colours and slices as they are seen. */

const GAP = 12;
const TITLE = 30;

/** Draw the canvases of each column below its title, columns side by side, and `remark` below all; null when there is nothing to draw. */
export function composePicture(columns: readonly { title: string; canvases: readonly HTMLCanvasElement[] }[], remark: string): HTMLCanvasElement | null {
  const width = Math.max(0, ...columns.flatMap(({ canvases }) => canvases.map((canvas) => canvas.width)));
  const heights = columns.map(({ canvases }) => canvases.reduce((sum, canvas) => sum + canvas.height + GAP, 0));
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
  columns.forEach(({ title, canvases }, place) => {
    const left = GAP + place * (width + GAP);
    context.fillText(title, left, TITLE - 6, width);
    let top = TITLE + GAP / 2;
    for (const canvas of canvases) {
      context.drawImage(canvas, left, top);
      top += canvas.height + GAP;
    }
  });
  context.fillText(remark, GAP, target.height - GAP, target.width - 2 * GAP);
  return target;
}

/** A file name out of words. */
export const pictureFileName = (words: string): string => `${words.replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-+|-+$/g, "") || "picture"}.png`;

export function savePicture(picture: HTMLCanvasElement, name: string): void {
  const link = document.createElement("a");
  link.href = picture.toDataURL("image/png");
  link.download = name;
  link.click();
}
