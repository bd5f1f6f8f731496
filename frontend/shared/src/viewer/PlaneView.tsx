/** One plane of a volume on a canvas, with its orientation letters and the linked crosshair. */
import { useEffect, useRef, type KeyboardEvent, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";

import { paint, tint, type ColourMap, type Window } from "@shared/viewer/colormap";
import {
  cursorFromPlane, cursorOnPlane, LABELS, planeLayout, planeValue, sliceAt, stepSlice, type Cursor, type Plane, type Volume,
} from "@shared/viewer/volume";

interface PlaneViewProps {
  title: string;
  volume: Volume;
  plane: Plane;
  cursor: Cursor;
  window: Window;
  map: ColourMap;
  onCursor: (cursor: Cursor) => void;
  /** What is under the cursor, in words. */
  reading: string;
  /** Laid over the image, the denser the larger; densest from `full` on. */
  overlay?: { volume: Volume; full: number } | undefined;
}

/** Screen pixels per millimetre of the backing picture: fine enough to be smooth on a wide screen. */
const PIXELS_ACROSS = 560;

const STEPS: Record<string, number> = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5 };

export function PlaneView({ title, volume, plane, cursor, window: range, map, onCursor, reading, overlay }: PlaneViewProps) {
  const { t } = useTranslation("shared");
  const canvas = useRef<HTMLCanvasElement>(null);
  const layout = planeLayout(volume, plane);
  const slice = sliceAt(volume, plane, cursor);
  const height = Math.max(1, Math.round((PIXELS_ACROSS * layout.heightMm) / layout.widthMm));

  useEffect(() => {
    const frame = requestAnimationFrame(() => draw(canvas.current, volume, plane, slice, range, map, overlay)); // a fast hand makes more slices than the screen shows
    return () => cancelAnimationFrame(frame);
  }, [volume, plane, slice, range, map, overlay]);

  const point = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    onCursor(cursorFromPlane(plane, cursor, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
  };
  const key = (event: KeyboardEvent<HTMLDivElement>) => {
    const steps = event.key === "Home" ? -layout.depth : event.key === "End" ? layout.depth : STEPS[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    onCursor(stepSlice(volume, plane, cursor, steps));
  };
  const label = t(`viewer.${plane}`);
  const at = cursorOnPlane(plane, cursor);
  const letters = LABELS[plane];
  return (
    <div
      className="plane"
      role="slider"
      tabIndex={0}
      aria-label={`${title}, ${label}`}
      aria-valuemin={1}
      aria-valuemax={layout.depth}
      aria-valuenow={slice + 1}
      aria-valuetext={t("viewer.sliceValue", { slice: slice + 1, of: layout.depth, value: reading })}
      onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); point(event); }}
      onPointerMove={(event) => { if (event.buttons === 1) point(event); }}
      onKeyDown={key}
    >
      <canvas ref={canvas} width={PIXELS_ACROSS} height={height} aria-hidden="true" />
      <div className="cross-x" style={{ left: `${at.left * 100}%` }} />
      <div className="cross-y" style={{ top: `${at.top * 100}%` }} />
      <span className="name">{label}</span>
      <span className="top">{letters.top}</span>
      <span className="bottom">{letters.bottom}</span>
      <span className="left">{letters.left}</span>
      <span className="right">{letters.right}</span>
      <span className="index">{slice + 1}/{layout.depth}</span>
    </div>
  );
}

function draw(target: HTMLCanvasElement | null, volume: Volume, plane: Plane, slice: number, range: Window, map: ColourMap, overlay: PlaneViewProps["overlay"]): void {
  const context = target?.getContext("2d");
  if (!target || !context) return;
  const { columns, rows } = planeLayout(volume, plane);
  const pixels = paint(columns, rows, (column, row) => planeValue(volume, plane, slice, column, row), range, map);
  if (overlay !== undefined) tint(pixels, columns, rows, (column, row) => planeValue(overlay.volume, plane, slice, column, row), overlay.full);
  drawPicture(context, columns, rows, pixels);
}

/** Put pixels onto the whole canvas, smoothly enlarged; the canvas already has the true proportions. */
export function drawPicture(context: CanvasRenderingContext2D, columns: number, rows: number, pixels: Uint8ClampedArray<ArrayBuffer>): void {
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  small.getContext("2d")?.putImageData(new ImageData(pixels, columns, rows), 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
}
