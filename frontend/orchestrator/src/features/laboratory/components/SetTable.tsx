/** The data sets on this computer. */
import { Button, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount } from "@shared/format/format";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Ago } from "@shared/ui/Time";

import type { DataSet } from "@app/api/laboratorySchemas";
import { SetChip } from "@app/features/laboratory/components/states";

export function SetTable({ sets }: { sets: readonly DataSet[] }) {
  const { t } = useTranslation();
  return (
    <ScrollTable label={t("lab.sets")} maxHeight={520}>
      <Table aria-label={t("lab.sets")} verticalSpacing="sm" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {(["name", "state", "studies", "size", "created"] as const).map((name) => <Table.Th key={name} scope="col">{t(`lab.${name}`)}</Table.Th>)}
            <Table.Th scope="col"><span className="visually-hidden">{t("lab.details")}</span></Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sets.map((set) => (
            <Table.Tr key={set.id}>
              <Table.Td><Text fw={620} size="sm">{set.name}</Text><Text size="xs" c="dimmed">{t(`lab.set.origin.${set.origin}`)}</Text></Table.Td>
              <Table.Td><SetChip state={set.state} /></Table.Td>
              <Table.Td className="num">{set.facts === null ? "–" : formatCount(set.facts.studies)}</Table.Td>
              <Table.Td className="num">{set.facts === null ? "–" : formatBytes(set.facts.bytes)}</Table.Td>
              <Table.Td><Ago at={set.created_at} /></Table.Td>
              <Table.Td><Button size="xs" variant="default" aria-label={t("lab.openOf", { name: set.name })} renderRoot={(props) => <Link to="/laboratory/sets/$setId" params={{ setId: set.id }} {...props} />}>{t("lab.open")}</Button></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollTable>
  );
}
