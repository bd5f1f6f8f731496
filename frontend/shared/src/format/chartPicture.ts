/** A drawn chart as a picture file: the SVG with its present colours, a title and a legend, on the card's ground. */

export interface PictureLine {
  label: string;
  color: string;
  dash?: string | undefined;
}

const PRESENTED = ["stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill", "fill-opacity", "font-family", "font-size", "font-weight", "text-anchor", "opacity"] as const;
const SCALE = 2;
const HEAD = 56;
const PAD = 16;

/** A copy whose looks no longer depend on the page's style sheets. */
function standalone(svg: SVGSVGElement, width: number, height: number): string {
  const copy = svg.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) throw new Error("a copy of an SVG is an SVG");
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, index) => {
    const original = originals[index];
    if (original === undefined) return;
    const style = getComputedStyle(original);
    for (const name of PRESENTED) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("style");
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  return new XMLSerializer().serializeToString(copy);
}

const resolved = (color: string, near: Element) => (color.startsWith("var(") ? getComputedStyle(near).getPropertyValue(color.slice(4, -1)).trim() : color);

async function loaded(text: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  return image;
}

/** Save the chart inside `root` as a PNG; throws when there is none or the browser cannot draw it. */
export async function saveChartPicture(root: Element, name: string, title: string, lines: readonly PictureLine[]): Promise<void> {
  const svg = root.querySelector<SVGSVGElement>("svg.recharts-surface");
  if (svg === null) throw new Error("no chart is drawn");
  const { width, height } = svg.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  canvas.width = (width + 2 * PAD) * SCALE;
  canvas.height = (height + HEAD + 2 * PAD) * SCALE;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  context.scale(SCALE, SCALE);
  const style = getComputedStyle(root);
  context.fillStyle = style.getPropertyValue("--card").trim() || "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.getPropertyValue("--ink").trim() || "#000";
  context.font = `600 16px ${style.fontFamily}`;
  context.fillText(title, PAD, PAD + 14);
  context.font = `13px ${style.fontFamily}`;
  let x = PAD;
  for (const line of lines) {
    context.strokeStyle = resolved(line.color, root);
    context.lineWidth = 2.4;
    context.setLineDash((line.dash ?? "").split(" ").filter((part) => part !== "").map(Number));
    context.beginPath();
    context.moveTo(x, PAD + 36);
    context.lineTo(x + 24, PAD + 36);
    context.stroke();
    context.fillText(line.label, x + 30, PAD + 40);
    x += 30 + context.measureText(line.label).width + 18;
  }
  context.drawImage(await loaded(standalone(svg, width, height)), PAD, PAD + HEAD, width, height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error("the browser drew nothing");
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
