/** One number that matters, what it means, and how it came here. */
import { Sparkline } from "@mantine/charts";
import { Group, Text } from "@mantine/core";
import { memo, type ReactNode } from "react";

interface MetricCardProps {
  label: string;
  value: ReactNode;
  unit?: string;
  note: ReactNode;
  trend?: readonly number[];
}

export function MetricCard({ label, value, unit, note, trend = [] }: MetricCardProps) {
  return (
    <div className="card" role="group" aria-label={label}>
      <Text size="sm" c="dimmed">{label}</Text>
      <Group justify="space-between" align="flex-end" wrap="nowrap" gap="sm">
        <div style={{ minWidth: 0 }}>
          <Text fz={27} fw={680} lh={1.25} className="num">
            {value}
            {unit !== undefined && <Text span fz="sm" fw={500} c="dimmed"> {unit}</Text>}
          </Text>
          <Text size="xs" c="dimmed" mt={2}>{note}</Text>
        </div>
        {trend.length > 1 && (
          <div aria-hidden="true" style={{ flex: "0 1 84px" }}>
            <Trend values={trend} />
          </div>
        )}
      </Group>
    </div>
  );
}

const Trend = memo(
  function Trend({ values }: { values: readonly number[] }) {
    return <Sparkline h={38} data={[...values]} curveType="linear" color="var(--mantine-primary-color-filled)" fillOpacity={0.14} strokeWidth={1.8} />;
  },
  (before, after) => before.values.join() === after.values.join(),
);
