/** Where the time of the latest closed round went. */
import { Group, Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatDuration } from "@shared/format/format";
import { Card } from "@shared/ui/Page";

import type { Session } from "@app/api/schemas";

const PARTS = [
  { key: "push_s", color: "var(--site-2)" },
  { key: "wait_s", color: "var(--mantine-primary-color-filled)" },
  { key: "aggregate_s", color: "var(--site-4)" },
  { key: "checkpoint_s", color: "var(--site-5)" },
] as const;

export function TimeSpent({ session }: { session: Session }) {
  const { t } = useTranslation();
  const record = session.rounds.flatMap((round) => (round.record === null ? [] : [round.record])).sort((a, b) => b.round - a.round)[0];
  if (record === undefined) return null;
  const total = Math.max(record.total_s, 1e-9);
  return (
    <Card title={t("time.title")} note={t("time.note", { round: record.round, total: formatDuration(record.total_s) })}>
      <Progress.Root size={14} aria-hidden="true">
        {PARTS.map(({ key, color }) => <Progress.Section key={key} value={(record[key] / total) * 100} color={color} />)}
      </Progress.Root>
      <ul className="row-list" style={{ marginTop: 14 }} aria-label={t("time.title")}>
        {PARTS.map(({ key, color }) => (
          <li key={key} style={{ paddingBlock: 7 }}>
            <Group justify="space-between" wrap="nowrap">
              <Group gap={8} wrap="nowrap"><span className="site-mark" style={{ background: color }} /><Text size="sm">{t(`time.${key}`)}</Text></Group>
              <Text size="sm" fw={600} className="num">{formatDuration(record[key])}</Text>
            </Group>
          </li>
        ))}
        <li style={{ paddingBlock: 7 }}>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" c="dimmed">{t("time.overhead")}</Text>
            <Text size="sm" fw={600} className="num" style={{ whiteSpace: "nowrap" }}>{formatDuration(record.overhead_s)}</Text>
          </Group>
        </li>
      </ul>
    </Card>
  );
}
