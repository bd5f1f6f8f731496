/** One number that matters, what it means, and how it came here. */
import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { Sparkline } from "@shared/ui/Sparkline";

interface MetricCardProps {
  label: string;
  value: ReactNode;
  unit?: string;
  note: ReactNode;
  trend?: readonly number[];
}

export function MetricCard({ label, value, unit, note, trend = [] }: MetricCardProps) {
  return (
    <div className="card metric" role="group" aria-label={label}>
      <Text className="label" size="sm" c="dimmed">{label}</Text>
      <Group justify="space-between" align="center" wrap="nowrap" gap="sm">
        <Text fz={27} fw={680} lh={1.35} className="num" style={{ whiteSpace: "nowrap" }}>
          {value}
          {unit !== undefined && <Text span fz="sm" fw={500} c="dimmed"> {unit}</Text>}
        </Text>
        {trend.length > 1 && <Sparkline values={trend} />}
      </Group>
      <Text size="xs" c="dimmed" mt={2}>{note}</Text>
    </div>
  );
}
