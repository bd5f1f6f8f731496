/** Three planes of one volume, or of several side by side, with one crosshair, window and colour map for all. */
import { Button, Group, Switch, Text } from "@mantine/core";
import { IconPhotoDown } from "@tabler/icons-react";
import { useMemo, useRef, useState, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "@shared/format/format";
import type { ColourMap, Window } from "@shared/viewer/colormap";
import { composePicture, pictureFileName, savePicture } from "@shared/viewer/picture";
import { PlaneView } from "@shared/viewer/PlaneView";
import { ProfileLine } from "@shared/viewer/ProfileLine";
import { Reading, reading } from "@shared/viewer/Reading";
import { ViewerControls } from "@shared/viewer/ViewerControls";
import { LABELS, planeLayout, PLANES, quantile, sliceAt, valueRange, voxelAt, type Cursor, type Volume } from "@shared/viewer/volume";

export interface NamedVolume {
  key: string;
  title: string;
  note?: string;
  volume: Volume;
  /** A difference has colours for both signs and a window around zero. */
  difference?: boolean;
  /** Half-width of the interval of each voxel. */
  halfWidth?: Volume | undefined;
}

interface VolumeViewerProps {
  volumes: readonly NamedVolume[];
  initialMap?: ColourMap;
  /** With it, what is seen can be saved as a picture of this name. */
  pictureName?: string;
  /** Is told the voxel (z, y, x), from 0, that the cursor was moved to. */
  onVoxel?: (voxel: [number, number, number]) => void;
}

/** A difference of this share of the window has the full colour. */
const DIFFERENCE_SHARE = 0.3;
/** An interval whose half-width is this share of the window has the full tint. */
const OVERLAY_SHARE = 0.5;

const brightest = (volumes: readonly NamedVolume[]) => Math.max(...volumes.filter(({ difference }) => difference !== true).map(({ volume }) => valueRange(volume.data)[1]), 1e-12);

/** Few hot voxels (liver, gut) must not leave the rest in the dark: begin below the brightest 1.5 %. */
function firstHigh(volumes: readonly NamedVolume[]): number {
  const most = Math.max(...volumes.filter(({ difference }) => difference !== true).map(({ volume }) => quantile(volume.data, 0.985)));
  return Math.min(100, Math.max(15, Math.round((100 * most) / brightest(volumes))));
}

/** Columns in which the axial plane is as tall as the other two together. */
function balanced(volume: Volume): CSSProperties & { "--columns": string } {
  const tallness = (plane: (typeof PLANES)[number]) => {
    const layout = planeLayout(volume, plane);
    return layout.heightMm / layout.widthMm;
  };
  const share = (tallness("coronal") + tallness("sagittal")) / tallness("axial");
  return { "--columns": `minmax(0, ${Math.min(2.2, Math.max(0.6, share)).toFixed(3)}fr) minmax(0, 1fr)` };
}

export function VolumeViewer({ volumes, initialMap = "hot", pictureName, onVoxel }: VolumeViewerProps) {
  const { t } = useTranslation("shared");
  const [cursor, place] = useState<Cursor>({ x: 0.5, y: 0.5, z: 0.5 });
  const setCursor = (next: Cursor) => {
    place(next);
    const [first] = volumes;
    if (first !== undefined) onVoxel?.(voxelAt(first.volume, next));
  };
  const [percent, setPercent] = useState<[number, number]>(() => [0, firstHigh(volumes)]);
  const [map, setMap] = useState<ColourMap>(initialMap);
  const [shown, setShown] = useState(false);
  const window = useMemo<Window>(() => {
    const high = brightest(volumes);
    return { low: (percent[0] / 100) * high, high: (percent[1] / 100) * high };
  }, [volumes, percent]);
  const around = useMemo<Window>(() => ({ low: -DIFFERENCE_SHARE * window.high, high: DIFFERENCE_SHARE * window.high }), [window]);
  const overlays = useMemo(() => new Map(volumes.flatMap(({ key, halfWidth }) => (halfWidth === undefined ? [] : [[key, { volume: halfWidth, full: OVERLAY_SHARE * window.high }] as const]))), [volumes, window]);
  const view = (entry: NamedVolume, plane: (typeof PLANES)[number]) => (
    <PlaneView key={`${entry.key}-${plane}`} title={entry.title} volume={entry.volume} plane={plane} cursor={cursor} onCursor={setCursor} reading={reading(entry, cursor)}
      {...(entry.difference === true ? { window: around, map: "difference" as const } : { window, map })} overlay={shown ? overlays.get(entry.key) : undefined} />
  );
  const [only] = volumes;
  const frame = useRef<HTMLDivElement>(null);
  const save = (name: string) => {
    const canvases = [...(frame.current?.querySelectorAll<HTMLCanvasElement>(".plane canvas") ?? [])];
    const columns = volumes.map(({ title, volume }, place) => ({
      title,
      planes: PLANES.flatMap((plane, row) => {
        const canvas = canvases[place * PLANES.length + row];
        return canvas === undefined ? [] : [{ canvas, letters: LABELS[plane], slice: `${sliceAt(volume, plane, cursor) + 1}/${planeLayout(volume, plane).depth}` }];
      }),
    }));
    const picture = composePicture(columns, t("viewer.research"));
    if (picture !== null) savePicture(picture, pictureFileName(name));
  };
  return (
    <div ref={frame}>
      {volumes.length === 1 && only !== undefined ? (
        <>
          <div className="viewer-single" style={balanced(only.volume)}>
            {view(only, "axial")}
            <div className="stack">{view(only, "coronal")}{view(only, "sagittal")}</div>
          </div>
          <Reading entry={only} cursor={cursor} />
        </>
      ) : (
        <div className="viewer-compare">
          {volumes.map((entry) => (
            <div className="column" key={entry.key} role="group" aria-label={entry.title}>
              <div>
                <Text fw={650} size="sm">{entry.title}</Text>
                <Text size="xs" c="dimmed">{entry.note ?? "\u00a0"}</Text>
              </div>
              {PLANES.map((plane) => view(entry, plane))}
              <Reading entry={entry} cursor={cursor} />
            </div>
          ))}
        </div>
      )}
      {only !== undefined && <Place volume={only.volume} cursor={cursor} />}
      <ViewerControls range={percent} onRange={setPercent} map={map} onMap={setMap} />
      {overlays.size > 0 && (
        <Switch mt="sm" size="sm" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} label={t("viewer.uncertainty")}
          description={t("viewer.uncertaintyNote", { full: formatNumber(OVERLAY_SHARE * window.high) })} />
      )}
      <ProfileLine volumes={volumes} cursor={cursor} />
      <Group justify="space-between" mt={8} gap="xs">
        <Text size="xs" c="dimmed" style={{ flex: "1 1 260px" }}>{t("viewer.convention")}</Text>
        {pictureName !== undefined && <Button size="xs" variant="default" leftSection={<IconPhotoDown size={15} />} onClick={() => save(pictureName)}>{t("viewer.picture")}</Button>}
      </Group>
    </div>
  );
}

/** Where the crosshair is, as voxels counted from 1 and in millimetres from the first one's outer edge. */
function Place({ volume, cursor }: { volume: Volume; cursor: Cursor }) {
  const { t } = useTranslation("shared");
  const [z, y, x] = voxelAt(volume, cursor);
  const [dz, dy, dx] = volume.spacing;
  const mm = (index: number, size: number) => Math.round((index + 0.5) * size);
  return <Text size="xs" c="dimmed" mt={6} className="num">{t("viewer.place", { x: x + 1, y: y + 1, z: z + 1, xmm: mm(x, dx), ymm: mm(y, dy), zmm: mm(z, dz) })}</Text>;
}
