/** The data sets on this computer. */
import { Button, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount } from "@shared/format/format";
import { LongTable } from "@shared/ui/LongTable";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Ago } from "@shared/ui/Time";

import type { SetSummary } from "@app/api/laboratorySchemas";
import { SetChip } from "@app/features/laboratory/components/states";

const COLUMNS = ["name", "state", "studies", "size", "created"] as const;
const idOf = (set: SetSummary) => set.id;

export function SetTable({ sets }: { sets: readonly SetSummary[] }) {
  const { t } = useTranslation();
  const head = (
    <>
      {COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`lab.${name}`)}</Table.Th>)}
      <Table.Th scope="col"><span className="visually-hidden">{t("lab.details")}</span></Table.Th>
    </>
  );
  return (
    <ScrollTable label={t("lab.sets")} maxHeight={520}>
      <LongTable label={t("lab.sets")} head={head} columns={COLUMNS.length + 1} rows={sets} rowKey={idOf}>{(set) => <Cells set={set} />}</LongTable>
    </ScrollTable>
  );
}

const Cells = memo(function Cells({ set }: { set: SetSummary }) {
  const { t } = useTranslation();
  return (
    <>
      <Table.Td><Text fw={620} size="sm">{set.name}</Text><Text size="xs" c="dimmed">{t(`lab.set.origin.${set.origin}`)}</Text></Table.Td>
      <Table.Td><SetChip state={set.state} /></Table.Td>
      <Table.Td className="num">{set.facts === null ? "–" : formatCount(set.facts.studies)}</Table.Td>
      <Table.Td className="num">{set.facts === null ? "–" : formatBytes(set.facts.bytes)}</Table.Td>
      <Table.Td><Ago at={set.created_at} /></Table.Td>
      <Table.Td><Button size="xs" variant="default" aria-label={t("lab.openOf", { name: set.name })} renderRoot={(props) => <Link to="/laboratory/sets/$setId" params={{ setId: set.id }} {...props} />}>{t("lab.open")}</Button></Table.Td>
    </>
  );
});
