/** The picture of a finding: grey values with marks, or what was measured over what was expected. */
import { Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "@shared/format/format";

import type { FindingPicture as Picture } from "@app/features/quality/api/useQuality";

const WIDTH = 320, HEIGHT = 130, PAD = 6;

export function FindingPicture({ picture, label }: { picture: Picture; label: string }) {
  const { t } = useTranslation();
  const caption = t(`quality.caption.${picture.caption}`, { defaultValue: "" });
  return (
    <figure style={{ margin: "10px 0 0" }}>
      {picture.kind === "image" ? <Image picture={picture} label={label} /> : <Curves picture={picture} label={label} />}
      <Text component="figcaption" size="xs" c="dimmed" mt={4}>{caption}</Text>
    </figure>
  );
}

function Image({ picture, label }: { picture: Picture; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const grey = Uint8Array.from(atob(picture.grey), (character) => character.charCodeAt(0));
    const image = context.createImageData(picture.width, picture.height);
    grey.forEach((value, index) => image.data.set([value, value, value, 255], index * 4));
    for (const [row = 0, column = 0] of picture.marks) {
      const at = (row * picture.width + column) * 4;
      image.data.set([255, Math.round((image.data[at + 1] ?? 0) * 0.55), 40, 255], at);
    }
    context.putImageData(image, 0, 0);
  }, [picture]);
  return <canvas ref={canvas} role="img" aria-label={label} width={picture.width} height={picture.height} style={{ width: "100%", maxWidth: WIDTH, imageRendering: "pixelated", borderRadius: 8, display: "block", background: "#000" }} />;
}

function Curves({ picture, label }: { picture: Picture; label: string }) {
  const { t } = useTranslation();
  const all = picture.curves.flat();
  const low = Math.min(0, ...all), high = Math.max(...all, low + 1e-9);
  const length = Math.max(2, picture.curves[0]?.length ?? 2);
  const x = (index: number) => PAD + (index * (WIDTH - 2 * PAD)) / (length - 1);
  const y = (value: number) => HEIGHT - PAD - ((value - low) * (HEIGHT - 2 * PAD)) / (high - low);
  const line = (curve: readonly number[]) => curve.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return (
    <>
      <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} style={{ width: "100%", maxWidth: WIDTH, display: "block", borderRadius: 8, background: "var(--mantine-color-body)" }}>
        {picture.curves[1] !== undefined && <polyline points={line(picture.curves[1])} fill="none" stroke="var(--muted)" strokeWidth={1.6} strokeDasharray="5 4" />}
        {picture.curves[0] !== undefined && <polyline points={line(picture.curves[0])} fill="none" stroke="var(--tone-info)" strokeWidth={2} />}
        {picture.marks.map(([index = 0]) => <circle key={index} cx={x(index)} cy={y(picture.curves[0]?.[index] ?? low)} r={4} fill="none" stroke="var(--tone-danger)" strokeWidth={2} />)}
      </svg>
      <Text size="xs" c="dimmed">{t("quality.range", { low: formatNumber(low), high: formatNumber(high) })}{picture.curves.length > 1 && ` ${t("quality.dashed")}`}</Text>
    </>
  );
}
