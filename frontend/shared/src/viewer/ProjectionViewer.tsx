/** Projections as the camera saw them: a film of the views, and the sinogram of one axial row. */
import { ActionIcon, Group, Slider, Text } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import { paint, type ColourMap } from "@shared/viewer/colormap";
import type { Outline } from "@shared/viewer/outline";
import { drawPicture } from "@shared/viewer/PlaneView";
import { valueRange, type Volume } from "@shared/viewer/volume";

const FRAME_MS = 110;

interface Point {
  column: number;
  row: number;
}

/** `projections` has shape (view, axial, bin); axial rows run from the feet to the head. The outline is laid over them. */
export function ProjectionViewer({ projections, outline }: { projections: Volume; outline?: Outline }) {
  const { t } = useTranslation("shared");
  const [views, rows, bins] = projections.shape;
  const still = useReducedMotion(false, { getInitialValueInEffect: false });
  const [playing, setPlaying] = useState(!still);
  const [view, setView] = useState(0);
  const [row, setRow] = useState(Math.floor(rows / 2));
  const window = useMemo(() => ({ low: 0, high: valueRange(projections.data)[1] || 1 }), [projections]);
  const aspect = (bins * projections.spacing[2]) / (rows * projections.spacing[1]);
  const share = Math.min(2, Math.max(1, (aspect * views) / bins)); // about equally tall, neither too narrow
  const columns: CSSProperties & { "--columns": string } = { "--columns": `minmax(0, ${share}fr) minmax(0, 1fr)` };
  const value = (v: number, z: number, u: number) => projections.data[(v * rows + z) * bins + u] ?? 0;

  const lines = (count: number, at: (index: number) => number): Point[][] | undefined =>
    outline && [outline.left, outline.right].map((edge) => Array.from({ length: count }, (_, index) => ({ column: edge[at(index)] ?? NaN, row: index })));

  useEffect(() => {
    if (!playing) return undefined;
    const timer = globalThis.setInterval(() => setView((now) => (now + 1) % views), FRAME_MS);
    return () => globalThis.clearInterval(timer);
  }, [playing, views]);

  return (
    <div className="viewer-films" style={columns}>
      <div>
        <Picture label={t("viewer.projection", { view: view + 1, of: views })} columns={bins} rows={rows}
          aspect={aspect} window={window} map="inverse"
          value={(u, r) => value(view, rows - 1 - r, u)} lines={lines(rows, (r) => view * rows + rows - 1 - r)} stamp={`${view} ${outline !== undefined}`} />
        <Group gap="sm" mt={8} wrap="nowrap">
          <ActionIcon variant="default" aria-label={t(playing ? "viewer.pause" : "viewer.play")} onClick={() => setPlaying(!playing)}>
            {playing ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
          </ActionIcon>
          <Slider style={{ flex: 1 }} size="sm" min={0} max={views - 1} value={view} label={(now) => `${now + 1}`} thumbLabel={t("viewer.view")}
            onChange={(now) => { setPlaying(false); setView(now); }} />
        </Group>
        <Text size="xs" c="dimmed" mt={4} className="num">{t("viewer.projection", { view: view + 1, of: views })}</Text>
      </div>
      <div>
        <Picture label={t("viewer.sinogram", { row: row + 1, of: rows })} columns={bins} rows={views} aspect={bins / views} window={window} map="inverse"
          value={(u, v) => value(v, row, u)} lines={lines(views, (v) => v * rows + row)} stamp={`${row} ${outline !== undefined}`} />
        <Group gap="sm" mt={8} h={28} wrap="nowrap">
          <Slider style={{ flex: 1 }} size="sm" min={0} max={rows - 1} value={row} label={(now) => `${now + 1}`} thumbLabel={t("viewer.row")} onChange={setRow} />
        </Group>
        <Text size="xs" c="dimmed" mt={4} className="num">{t("viewer.sinogram", { row: row + 1, of: rows })}</Text>
      </div>
    </div>
  );
}

interface PictureProps {
  label: string;
  columns: number;
  rows: number;
  aspect: number;
  window: { low: number; high: number };
  map: ColourMap;
  value: (column: number, row: number) => number;
  /** Drawn over the picture; a point that is not a number interrupts a line. */
  lines?: readonly Point[][] | undefined;
  /** Changes when the picture changes. */
  stamp: string;
}

function Picture({ label, columns, rows, aspect, window, map, value, lines, stamp }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    drawPicture(context, columns, rows, paint(columns, rows, value, window, map));
    for (const line of lines ?? []) drawLine(context, line, columns, rows);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `stamp` stands for `value`, a new closure at each render
  }, [columns, rows, window, map, stamp]);
  return (
    <div className="plane" style={{ cursor: "default", background: "#fff", border: "1px solid var(--line)" }}>
      <canvas ref={canvas} role="img" aria-label={label} width={480} height={Math.round(480 / aspect)} />
    </div>
  );
}

function drawLine(context: CanvasRenderingContext2D, line: readonly Point[], columns: number, rows: number): void {
  const { width, height } = context.canvas;
  context.beginPath();
  let begun = false;
  for (const { column, row } of line) {
    if (Number.isNaN(column)) {
      begun = false;
      continue;
    }
    const [x, y] = [((column + 0.5) / columns) * width, ((row + 0.5) / rows) * height];
    if (begun) context.lineTo(x, y);
    else context.moveTo(x, y);
    begun = true;
  }
  context.strokeStyle = "#d9480f";
  context.lineWidth = 2;
  context.stroke();
}
