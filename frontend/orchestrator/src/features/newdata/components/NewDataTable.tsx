/** Trusted sites with what is new at each; the chosen ones are asked to a session. */
import { Checkbox, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatCount, formatDay } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Ago } from "@shared/ui/Time";

import type { NewDataSite } from "@app/features/newdata/api/useNewData";

interface NewDataTableProps {
  rows: readonly NewDataSite[];
  least: number;
  chosen: ReadonlySet<string>;
  onToggle: (id: string, on: boolean) => void;
}

export function NewDataTable({ rows, least, chosen, onToggle }: NewDataTableProps) {
  const { t } = useTranslation();
  return (
    <ScrollTable label={t("newData.title")}>
      <Table aria-label={t("newData.title")} verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>{(["site", "new", "verdict", "newest", "since"] as const).map((name) => <Table.Th key={name} scope="col">{t(`newData.${name}`)}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.site_id}>
              <Table.Td>
                <Checkbox checked={chosen.has(row.site_id)} onChange={(event) => onToggle(row.site_id, event.currentTarget.checked)}
                  label={<Text span fw={600}>{row.name}</Text>} description={row.online ? t("site.online") : t("site.offline")} />
              </Table.Td>
              <Table.Td className="num">
                <Text fw={650}>{row.new > 0 ? `+${formatCount(row.new)}` : "–"}</Text>
                <Text size="xs" c="dimmed">{t("newData.usable", { usable: formatCount(row.usable) })}</Text>
              </Table.Td>
              <Table.Td><Verdict row={row} least={least} /></Table.Td>
              <Table.Td><Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>{row.added_at === null ? "–" : formatDay(row.added_at)}</Text></Table.Td>
              <Table.Td>
                <Text size="sm">{row.since_model ?? t("newData.fromStart")}</Text>
                {row.since !== null && <Text size="xs" c="dimmed"><Ago at={row.since} /></Text>}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollTable>
  );
}

function Verdict({ row, least }: { row: NewDataSite; least: number }) {
  const { t } = useTranslation();
  if (row.enough) return <Chip tone="success">{t("newData.enough")}</Chip>;
  if (row.new === 0) return <Chip tone="neutral">{t("newData.none")}</Chip>;
  return <Chip tone="warning">{t("newData.tooFew", { missing: formatCount(least - row.new) })}</Chip>;
}
