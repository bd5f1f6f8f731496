/** The registry: every version with origin and lineage. */
import { Anchor, Button, Group, Table, Text } from "@mantine/core";
import { IconArrowUpRight, IconLock, IconStar } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes, formatNumber } from "@shared/format/format";
import { useNetworkName } from "@shared/i18n/useNetworkName";
import { Chip } from "@shared/ui/Chip";
import { LongTable } from "@shared/ui/LongTable";
import { Ago } from "@shared/ui/Time";

import type { Model } from "@app/api/schemas";

type Primary = (task: string) => { key: string; title: string } | null;

interface ModelTableProps {
  models: readonly Model[];
  primary: Primary;
  onOpen: (id: string) => void;
}

const COLUMNS = ["name", "origin", "parent", "metric", "size", "created"] as const;
const idOf = (model: Model) => model.id;

export function ModelTable({ models, primary, onOpen }: ModelTableProps) {
  const { t } = useTranslation();
  const names = useMemo(() => new Map(models.map((model) => [model.id, model.name])), [models]);
  const rows = useMemo(() => [...models].sort((a, b) => b.created_at.localeCompare(a.created_at)), [models]);
  const head = (
    <>
      {COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`models.${name}`)}</Table.Th>)}
      <Table.Th scope="col"><span className="visually-hidden">{t("models.details")}</span></Table.Th>
    </>
  );
  return (
    <div className="card">
      <LongTable label={t("nav.models")} head={head} columns={COLUMNS.length + 1} rows={rows} rowKey={idOf}>
        {(model) => <ModelCells model={model} parent={names.get(model.parents[0] ?? "")} metric={primary(model.task)} onOpen={onOpen} />}
      </LongTable>
    </div>
  );
}

interface ModelCellsProps {
  model: Model;
  parent: string | undefined;
  metric: ReturnType<Primary>;
  onOpen: (id: string) => void;
}

function ModelCells({ model, parent: parentName, metric, onOpen }: ModelCellsProps) {
  const { t } = useTranslation();
  const networkName = useNetworkName();
  const value = metric === null ? undefined : (model.metrics[metric.key] ?? model.metrics[`score_${metric.key}`]);
  const [parent] = model.parents;
  return (
    <>
      <Table.Td miw={190}>
        <Group gap={6}><Anchor component="button" type="button" size="sm" fw={620} ta="left" c="var(--ink)" onClick={() => onOpen(model.id)}>{model.name}</Anchor>{model.recommended && <Chip tone="success" icon={IconStar}>{t("models.recommended")}</Chip>}</Group>
        <Text size="xs" c="dimmed">{t(`task.${model.task}`, { defaultValue: model.task })} · {networkName(model.network)}</Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6}>
          <Text size="sm">{model.origin === "round" && model.round !== null ? t("models.fromRound", { round: model.round }) : t(`model.origin.${model.origin}`)}</Text>
          {model.in_use && <Chip tone="info" icon={IconLock}>{t("models.inUse")}</Chip>}
        </Group>
      </Table.Td>
      <Table.Td>
        {parent === undefined || parentName === undefined ? <Text size="sm" c="dimmed">{parent?.slice(0, 8) ?? "–"}</Text> : (
          <Anchor component="button" type="button" size="sm" ta="left" onClick={() => onOpen(parent)}>{parentName}</Anchor>
        )}
      </Table.Td>
      <Table.Td className="num"><Text size="sm">{formatNumber(value)}</Text>{value !== undefined && <Text size="xs" c="dimmed">{metric?.title}</Text>}</Table.Td>
      <Table.Td className="num">{formatBytes(model.size_bytes)}</Table.Td>
      <Table.Td><Ago at={model.created_at} /></Table.Td>
      <Table.Td>
        <Button size="xs" variant="default" rightSection={<IconArrowUpRight size={14} />} aria-label={t("models.open", { name: model.name })} onClick={() => onOpen(model.id)}>{t("models.details")}</Button>
      </Table.Td>
    </>
  );
}
