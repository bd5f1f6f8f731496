/** Two models side by side, and by how much each tensor differs. */
import { Button, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatAlike, formatBytes, formatCount, formatDateTime, formatFixed, formatNumber } from "@shared/format/format";
import { useNetworkName } from "@shared/i18n/useNetworkName";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";

import type { Model, ModelPair } from "@app/api/schemas";
import { metricName } from "@app/features/models/components/metricName";

const FEW = 12;

interface ModelComparisonProps {
  pair: ModelPair;
  titles: Readonly<Record<string, string>>;
  modelName: (id: string) => string;
}

export function ModelComparison({ pair, titles, modelName }: ModelComparisonProps) {
  const { t } = useTranslation();
  const networkName = useNetworkName();
  const { first, second } = pair;
  const metrics = [...new Set([...Object.keys(first.metrics), ...Object.keys(second.metrics)])];
  const rows: [string, (model: Model) => string][] = [
    [t("models.origin"), (model) => (model.origin === "round" && model.round !== null ? t("models.fromRound", { round: model.round }) : t(`model.origin.${model.origin}`))],
    [t("pair.parents"), (model) => model.parents.map(modelName).join(", ") || t("pair.none")],
    [t("models.network"), (model) => networkName(model.network)],
    [t("models.parameters"), (model) => formatCount(model.parameters)],
    [t("models.size"), (model) => formatBytes(model.size_bytes)],
    [t("models.created"), (model) => formatDateTime(model.created_at)],
    [t("models.hash"), (model) => model.sha256.slice(0, 16)],
    ...metrics.map((key): [string, (model: Model) => string] => [metricName(key, titles, t), (model) => formatAlike([first.metrics[key], second.metrics[key]])[model === first ? 0 : 1] ?? "–"]),
  ];
  return (
    <Stack gap="md">
      <Card title={t("pair.facts")}>
        <ScrollTable label={t("pair.facts")}>
          <Table aria-label={t("pair.facts")} verticalSpacing={8}>
            <Table.Thead><Table.Tr><Table.Th scope="col">{t("pair.name")}</Table.Th><Table.Th scope="col">{first.name}</Table.Th><Table.Th scope="col">{second.name}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map(([name, value]) => <Table.Tr key={name}><Table.Th scope="row">{name}</Table.Th>{[first, second].map((model, index) => <Table.Td key={index} className="num">{value(model)}</Table.Td>)}</Table.Tr>)}
            </Table.Tbody>
          </Table>
        </ScrollTable>
      </Card>
      <Tensors pair={pair} />
    </Stack>
  );
}

function Tensors({ pair }: { pair: ModelPair }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const { tensors, only_first: onlyFirst, only_second: onlySecond } = pair.differences;
  const sorted = [...tensors].sort((a, b) => b.difference - a.difference);
  const alone = [...new Set([...onlyFirst, ...onlySecond])];
  const same = alone.length === 0 && sorted.every((tensor) => tensor.difference === 0);
  return (
    <Card title={t("pair.layers")} note={t("pair.layersNote")}>
      {pair.first.network !== pair.second.network && <Notice tone="info">{t("pair.networks")}</Notice>}
      {same ? <Text size="sm">{t("pair.same")}</Text> : (
        <ScrollTable label={t("pair.layers")}>
          <Table aria-label={t("pair.layers")} verticalSpacing={6}>
            <Table.Thead><Table.Tr>{(["tensor", "shape", "difference", "share"] as const).map((name) => <Table.Th key={name} scope="col">{t(`pair.${name}`)}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>
              {(all ? sorted : sorted.slice(0, FEW)).map((tensor) => (
                <Table.Tr key={tensor.name}>
                  <Table.Th scope="row" className="mono" fw={500}>{tensor.name}</Table.Th>
                  <Table.Td className="num">{tensor.shape.join(" × ") || "1"}</Table.Td>
                  <Table.Td className="num">{formatNumber(tensor.difference)}</Table.Td>
                  <Table.Td className="num">{tensor.norm_first === 0 ? "–" : `${formatFixed((100 * tensor.difference) / tensor.norm_first, 1)} %`}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollTable>
      )}
      {!same && !all && sorted.length > FEW && <Button mt="sm" size="xs" variant="default" onClick={() => setAll(true)}>{t("pair.showAll", { count: sorted.length })}</Button>}
      {alone.length > 0 && <Text size="sm" mt="sm" style={{ overflowWrap: "anywhere" }}>{t("pair.onlyOne", { names: alone.join(", ") })}</Text>}
    </Card>
  );
}
