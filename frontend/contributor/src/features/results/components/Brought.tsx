/** What the participation brought: the difference to the own model in words, then every measure with its interval. */
import { Group, Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { formatAlike, formatCount, formatNumber } from "@shared/format/format";
import { Chip, Notice, type Tone } from "@shared/ui/Chip";
import { Card, Facts } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";

import type { MetricSummary, OwnFindings } from "@app/api/schemas.results";

type Difference = NonNullable<MetricSummary["federated_over_local"]>;
const TONES: Record<Difference["verdict"], Tone> = { better: "success", worse: "danger", unclear: "neutral", too_few: "neutral" };
const METHODS = ["osem", "local", "federated"] as const;

const signed = (value: number) => `${value > 0 ? "+" : ""}${formatNumber(value)}`;

export function Brought({ findings, action }: { findings: OwnFindings; action: ReactNode }) {
  const { t } = useTranslation();
  const [main] = findings.metrics;
  const difference = main?.federated_over_local ?? null;
  return (
    <Card title={t("own.brought")} note={t("own.broughtNote")} aside={<Group gap="xs"><Chip tone="warning">{t("recon.research")}</Chip>{action}</Group>}>
      <Stack gap="md">
        {main === undefined || difference === null ? (
          <Text size="sm">{t("own.none")}</Text>
        ) : (
          <Notice tone={TONES[difference.verdict]} title={t(`own.say.${difference.verdict}`, {
            metric: t(`metric.${main.key}`, { defaultValue: main.key }), difference: signed(difference.value), low: signed(difference.low), high: signed(difference.high), count: difference.patients,
          })} />
        )}
        <Facts grid items={[
          [t("own.heldOut"), t("own.facts", { count: findings.patients })],
          [t("own.trained"), t("own.trainedValue", { count: findings.trained_on })],
          [t("own.rounds"), findings.rounds.join(", ")],
          [t("own.steps"), formatCount(findings.steps)],
          ...(findings.left_out > 0 ? [[t("own.leftOut"), t("own.trainedValue", { count: findings.left_out })] as const] : []),
        ]} />
        {findings.half_counts > 0 && <Text size="xs" c="dimmed">{t("own.halfCounts", { count: findings.half_counts })}</Text>}
        <Text size="xs" c="dimmed">{t("own.unseen")}</Text>
      </Stack>
    </Card>
  );
}

export function Means({ metrics }: { metrics: readonly MetricSummary[] }) {
  const { t } = useTranslation();
  return (
    <Card title={t("own.table")} note={t("own.meanNote")}>
      <ScrollTable label={t("own.table")}>
        <Table aria-label={t("own.table")} verticalSpacing={8}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("own.measure")}</Table.Th>
              {METHODS.map((method) => <Table.Th key={method} scope="col">{t(`own.method.${method}`)}</Table.Th>)}
              <Table.Th scope="col">{t("own.difference")}</Table.Th>
              <Table.Th scope="col">{t("own.overOsem")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {metrics.map((metric) => (
              <Table.Tr key={metric.key}>
                <Table.Th scope="row" style={{ fontWeight: 500 }}>{t(`metric.${metric.key}`, { defaultValue: metric.key })}</Table.Th>
                {METHODS.map((method) => <Table.Td key={method} className="num"><Figure estimate={metric.methods[method]} /></Table.Td>)}
                <Table.Td className="num"><Figure estimate={metric.federated_over_local} difference /></Table.Td>
                <Table.Td className="num"><Figure estimate={metric.federated_over_osem} difference /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollTable>
    </Card>
  );
}

/** A figure above its interval; a difference says what it means. */
function Figure({ estimate, difference = false }: { estimate: Difference | MetricSummary["methods"][string] | null | undefined; difference?: boolean }) {
  const { t } = useTranslation();
  if (estimate === null || estimate === undefined) return "–";
  const figures = [estimate.value, estimate.low, estimate.high];
  const [value, low, high] = formatAlike(figures).map((text, index) => (difference && (figures[index] ?? 0) > 0 ? `+${text}` : text));
  return (
    <>
      <div style={{ fontWeight: 600 }}>{value}{"verdict" in estimate && estimate.verdict !== "too_few" && <Text span size="xs" fw={500} c="dimmed"> {t(`own.verdict.${estimate.verdict}`)}</Text>}</div>
      <Text size="xs" c="dimmed">{t("own.interval", { low, high })}</Text>
    </>
  );
}
