/** A number by round: one line a site, one for the combined model; the axis ends where the data end. */
import { LineChart } from "@mantine/charts";
import { VisuallyHidden } from "@mantine/core";
import { memo } from "react";

import { formatNumber } from "@shared/format/format";
import { useLanguage } from "@shared/i18n/useLanguage";
import { niceAxis } from "@shared/ui/niceAxis";

export interface ChartLine {
  key: string;
  label: string;
  color: string;
  dash?: string;
  strong?: boolean;
}

export interface ChartPoint {
  round: number;
  values: Readonly<Record<string, number | null>>;
}

interface LossChartProps {
  label: string;
  xLabel: string;
  lines: readonly ChartLine[];
  points: readonly ChartPoint[];
  height?: number;
}

export const LossChart = memo(function LossChart({ label, xLabel, lines, points, height = 290 }: LossChartProps) {
  useLanguage();
  const drawn = lines.filter((line) => points.some((point) => typeof point.values[line.key] === "number"));
  const data = points.map((point) => ({ round: point.round, ...point.values }));
  const axis = niceAxis(points.flatMap((point) => Object.values(point.values)));
  return (
    <figure aria-label={label} style={{ margin: 0 }}>
      <div aria-hidden="true">
        {drawn.length > 1 && <Legend lines={drawn} />}
        <LineChart
          h={height}
          data={data}
          dataKey="round"
          withDots={points.length < 16}
          curveType="linear"
          connectNulls
          gridAxis="x"
          strokeWidth={2}
          valueFormatter={formatNumber}
          xAxisLabel={xLabel}
          yAxisProps={{ width: 62, ...axis, interval: 0 }}
          xAxisProps={{ padding: { left: 12, right: 16 }, allowDecimals: false, minTickGap: 28 }}
          lineChartProps={{ accessibilityLayer: false, margin: { top: 10, bottom: 30 } }}
          lineProps={{ isAnimationActive: false }}
          series={drawn.map((line) => ({ name: line.key, label: line.label, color: line.color, ...(line.dash ? { strokeDasharray: line.dash } : {}) }))}
        />
      </div>
      <VisuallyHidden>
        <DataTable label={label} xLabel={xLabel} lines={drawn} points={points} />
      </VisuallyHidden>
    </figure>
  );
});

function Legend({ lines }: { lines: readonly ChartLine[] }) {
  return (
    <ul className="legend">
      {lines.map((line) => (
        <li key={line.key}>
          <svg width="26" height="8"><line x1="0" x2="26" y1="4" y2="4" stroke={line.color} strokeWidth={line.strong ? 3.2 : 2.2} strokeDasharray={line.dash} /></svg>
          {line.label}
        </li>
      ))}
    </ul>
  );
}

function DataTable({ label, xLabel, lines, points }: LossChartProps) {
  return (
    <table>
      <caption>{label}</caption>
      <thead>
        <tr>
          <th scope="col">{xLabel}</th>
          {lines.map((line) => <th key={line.key} scope="col">{line.label}</th>)}
        </tr>
      </thead>
      <tbody>
        {points.map((point) => (
          <tr key={point.round}>
            <th scope="row">{point.round}</th>
            {lines.map((line) => <td key={line.key}>{formatNumber(point.values[line.key])}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
