/** The 17-segment polar map of the left ventricle (AHA), the anterior wall at the top and the septum on the left. */
import { Text, VisuallyHidden } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { formatFixed } from "@shared/format/format";
import { lookup, type ColourMap } from "@shared/viewer/colormap";

/** First segment, number of segments, inner and outer radius of each ring; the first of a ring is centred at the top, the others go on to the left. */
const RINGS = [[0, 6, 75, 100], [6, 6, 50, 75], [12, 4, 25, 50], [16, 1, 0, 25]] as const;

interface PolarMapProps {
  title: string;
  /** Points of each segment, 100 being the mean of the three highest; null where a segment is empty. */
  segments: readonly (number | null)[];
  halfWidth?: readonly (number | null)[] | undefined;
  map?: ColourMap;
}

const point = (radius: number, degrees: number) => {
  const angle = (degrees * Math.PI) / 180;
  return `${(radius * Math.cos(angle)).toFixed(3)} ${(-radius * Math.sin(angle)).toFixed(3)}`;
};

/** The outline of a part of a ring, angles counted to the left from the right. */
function wedge(inner: number, outer: number, from: number, to: number): string {
  return `M ${point(outer, from)} A ${outer} ${outer} 0 0 0 ${point(outer, to)} L ${point(inner, to)} A ${inner} ${inner} 0 0 1 ${point(inner, from)} Z`;
}

interface Cell {
  segment: number;
  path: string | null;
  x: number;
  y: number;
}

const CELLS: readonly Cell[] = RINGS.flatMap(([first, count, inner, outer]) =>
  Array.from({ length: count }, (_, place): Cell => {
    const middle = 90 + (place * 360) / count;
    const radius = (inner + outer) / 2;
    const angle = (middle * Math.PI) / 180;
    if (count === 1) return { segment: first, path: null, x: 0, y: 0 };
    return { segment: first + place, path: wedge(inner, outer, middle - 180 / count, middle + 180 / count), x: radius * Math.cos(angle), y: -radius * Math.sin(angle) };
  }),
);

export function PolarMap({ title, segments, halfWidth, map = "hot" }: PolarMapProps) {
  const { t } = useTranslation("shared");
  const table = useMemo(() => lookup(map), [map]);
  const colours = (value: number | null | undefined): { fill: string; ink: string } => {
    if (value === null || value === undefined) return { fill: "var(--line)", ink: "var(--ink)" };
    const entry = Math.round(255 * Math.min(1, Math.max(0, value / 100))) * 3;
    const [r, g, b] = [table[entry] ?? 0, table[entry + 1] ?? 0, table[entry + 2] ?? 0];
    return { fill: `rgb(${r} ${g} ${b})`, ink: 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000" : "#fff" };
  };
  const shown = (value: number | null | undefined, digits: number) => (value === null || value === undefined ? "–" : formatFixed(value, digits));
  return (
    <figure style={{ margin: 0 }} aria-label={t("polar.of", { title })}>
      <Text component="figcaption" fw={650} size="sm" ta="center" mb={4}>{title}</Text>
      <svg viewBox="-104 -104 208 208" aria-hidden="true" style={{ display: "block", width: "100%", maxWidth: 260, margin: "0 auto" }}>
        {CELLS.map(({ segment, path, x, y }) => {
          const { fill, ink } = colours(segments[segment]);
          const shape = { fill, stroke: "#8a94a6", strokeWidth: 0.8 };
          return (
            <g key={segment}>
              {path === null ? <circle r={25} {...shape} /> : <path d={path} {...shape} />}
              <text x={x} y={y} textAnchor="middle" dominantBaseline="central" fontSize={12} fontWeight={600} fill={ink} stroke="none">{shown(segments[segment], 0)}</text>
            </g>
          );
        })}
      </svg>
      <VisuallyHidden>
        <table>
          <caption>{t("polar.of", { title })}</caption>
          <thead><tr><th scope="col">{t("polar.segment")}</th><th scope="col">{t("polar.points")}</th></tr></thead>
          <tbody>
            {CELLS.map(({ segment }) => {
              const width = halfWidth?.[segment];
              return (
                <tr key={segment}>
                  <th scope="row">{segment + 1}, {t(`polar.name.${segment + 1}`)}</th>
                  <td><data value={String(segments[segment] ?? "")}>{shown(segments[segment], 1)}</data>{typeof width === "number" ? ` ± ${shown(width, 1)}` : ""}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}
