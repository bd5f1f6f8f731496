/** Three planes of one volume, or of several side by side, with one crosshair, window and colour map for all. */
import { Button, Group, Text } from "@mantine/core";
import { IconPhotoDown } from "@tabler/icons-react";
import { useMemo, useRef, useState, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import type { ColourMap } from "@shared/viewer/colormap";
import { composePicture, pictureFileName, savePicture } from "@shared/viewer/picture";
import { PlaneView } from "@shared/viewer/PlaneView";
import { ViewerControls } from "@shared/viewer/ViewerControls";
import { planeLayout, PLANES, quantile, valueRange, type Cursor, type Volume } from "@shared/viewer/volume";

export interface NamedVolume {
  key: string;
  title: string;
  note?: string;
  volume: Volume;
}

interface VolumeViewerProps {
  volumes: readonly NamedVolume[];
  initialMap?: ColourMap;
  /** With it, what is seen can be saved as a picture of this name. */
  pictureName?: string;
}

/** Few hot voxels (liver, gut) must not leave the rest in the dark: begin below the brightest 1.5 %. */
function firstHigh(volumes: readonly NamedVolume[]): number {
  const high = Math.max(...volumes.map(({ volume }) => valueRange(volume.data)[1]), 1e-12);
  const most = Math.max(...volumes.map(({ volume }) => quantile(volume.data, 0.985)));
  return Math.min(100, Math.max(15, Math.round((100 * most) / high)));
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

export function VolumeViewer({ volumes, initialMap = "hot", pictureName }: VolumeViewerProps) {
  const { t } = useTranslation("shared");
  const [cursor, setCursor] = useState<Cursor>({ x: 0.5, y: 0.5, z: 0.5 });
  const [percent, setPercent] = useState<[number, number]>(() => [0, firstHigh(volumes)]);
  const [map, setMap] = useState<ColourMap>(initialMap);
  const window = useMemo(() => {
    const high = Math.max(...volumes.map(({ volume }) => valueRange(volume.data)[1]), 1e-12);
    return { low: (percent[0] / 100) * high, high: (percent[1] / 100) * high };
  }, [volumes, percent]);
  const view = ({ key, title, volume }: NamedVolume, plane: (typeof PLANES)[number]) => (
    <PlaneView key={`${key}-${plane}`} title={title} volume={volume} plane={plane} cursor={cursor} window={window} map={map} onCursor={setCursor} />
  );
  const [only] = volumes;
  const frame = useRef<HTMLDivElement>(null);
  const save = (name: string) => {
    const canvases = [...(frame.current?.querySelectorAll("canvas") ?? [])];
    const picture = composePicture(volumes.map(({ title }, place) => ({ title, canvases: canvases.slice(place * PLANES.length, (place + 1) * PLANES.length) })));
    if (picture !== null) savePicture(picture, pictureFileName(name));
  };
  return (
    <div ref={frame}>
      {volumes.length === 1 && only !== undefined ? (
        <div className="viewer-single" style={balanced(only.volume)}>
          {view(only, "axial")}
          <div className="stack">{view(only, "coronal")}{view(only, "sagittal")}</div>
        </div>
      ) : (
        <div className="viewer-compare">
          {volumes.map((entry) => (
            <div className="column" key={entry.key} role="group" aria-label={entry.title}>
              <div>
                <Text fw={650} size="sm">{entry.title}</Text>
                <Text size="xs" c="dimmed">{entry.note ?? "\u00a0"}</Text>
              </div>
              {PLANES.map((plane) => view(entry, plane))}
            </div>
          ))}
        </div>
      )}
      <ViewerControls range={percent} onRange={setPercent} map={map} onMap={setMap} />
      <Group justify="space-between" mt={8} gap="xs">
        <Text size="xs" c="dimmed" style={{ flex: "1 1 260px" }}>{t("viewer.convention")}</Text>
        {pictureName !== undefined && <Button size="xs" variant="default" leftSection={<IconPhotoDown size={15} />} onClick={() => save(pictureName)}>{t("viewer.picture")}</Button>}
      </Group>
    </div>
  );
}
