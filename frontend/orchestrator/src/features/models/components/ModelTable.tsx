/** The registry: every version with origin and lineage. */
import { Anchor, Button, Group, Table, Text } from "@mantine/core";
import { IconArrowUpRight, IconStar } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { formatBytes, formatNumber } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { Ago } from "@shared/ui/Time";

import type { Model } from "@app/api/schemas";

interface ModelTableProps {
  models: readonly Model[];
  primary: (task: string) => { key: string; title: string } | null;
  onOpen: (id: string) => void;
}

export function ModelTable({ models, primary, onOpen }: ModelTableProps) {
  const { t } = useTranslation();
  const names = new Map(models.map((model) => [model.id, model.name]));
  const rows = [...models].sort((a, b) => b.created_at.localeCompare(a.created_at));
  return (
    <div className="card">
      <div className="table-wrap">
        <Table aria-label={t("nav.models")} verticalSpacing="sm" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {(["name", "origin", "parent", "metric", "size", "created"] as const).map((name) => <Table.Th key={name} scope="col">{t(`models.${name}`)}</Table.Th>)}
              <Table.Th scope="col"><span className="visually-hidden">{t("models.details")}</span></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((model) => {
              const metric = primary(model.task);
              const value = metric === null ? undefined : (model.metrics[metric.key] ?? model.metrics[`score_${metric.key}`]);
              const [parent] = model.parents;
              return (
                <Table.Tr key={model.id}>
                  <Table.Td>
                    <Group gap={6}><Text fw={620} size="sm">{model.name}</Text>{model.recommended && <Chip tone="success" icon={IconStar}>{t("models.recommended")}</Chip>}</Group>
                    <Text size="xs" c="dimmed">{t(`task.${model.task}`, { defaultValue: model.task })} · {t(`network.${model.network}`, { defaultValue: model.network })}</Text>
                  </Table.Td>
                  <Table.Td>
                    <Group gap={6} wrap="nowrap">
                      <Text size="sm">{model.origin === "round" && model.round !== null ? t("models.fromRound", { round: model.round }) : t(`model.origin.${model.origin}`)}</Text>
                      {model.in_use && <Chip tone="info">{t("models.inUse")}</Chip>}
                    </Group>
                  </Table.Td>
                  <Table.Td>
                    {parent === undefined ? <Text size="sm" c="dimmed">–</Text> : (
                      <Anchor component="button" type="button" size="sm" ta="left" onClick={() => onOpen(parent)}>{names.get(parent) ?? parent.slice(0, 8)}</Anchor>
                    )}
                  </Table.Td>
                  <Table.Td className="num"><Text size="sm">{formatNumber(value)}</Text>{value !== undefined && <Text size="xs" c="dimmed">{metric?.title}</Text>}</Table.Td>
                  <Table.Td className="num">{formatBytes(model.size_bytes)}</Table.Td>
                  <Table.Td><Ago at={model.created_at} /></Table.Td>
                  <Table.Td>
                    <Button size="xs" variant="default" rightSection={<IconArrowUpRight size={14} />} aria-label={t("models.open", { name: model.name })} onClick={() => onOpen(model.id)}>{t("models.details")}</Button>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
    </div>
  );
}
