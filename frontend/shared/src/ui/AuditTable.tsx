/** The audit log: who did what to what, each row chained to the one before. */
import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ScrollTable } from "@shared/ui/ScrollTable";
import { At } from "@shared/ui/Time";

export interface AuditLine {
  seq: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  details: Readonly<Record<string, unknown>>;
  hash: string;
}

export function AuditTable({ rows }: { rows: readonly AuditLine[] }) {
  const { t } = useTranslation("shared");
  return (
    <ScrollTable label={t("audit.title")}>
      <Table verticalSpacing={8} aria-label={t("audit.title")}>
        <Table.Thead>
          <Table.Tr>
            {(["seq", "at", "actor", "action", "subject", "details", "hash"] as const).map((name) => (
              <Table.Th key={name} scope="col">{t(`audit.${name}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.seq}>
              <Table.Td className="num">{row.seq}</Table.Td>
              <Table.Td style={{ whiteSpace: "nowrap" }}><At at={row.at} /></Table.Td>
              <Table.Td>{row.actor}</Table.Td>
              <Table.Td fw={600}>{row.action}</Table.Td>
              <Table.Td><Text size="sm" maw={200} truncate title={row.subject}>{row.subject}</Text></Table.Td>
              <Table.Td><Text size="xs" className="mono" c="dimmed" maw={260} truncate title={JSON.stringify(row.details)}>{describe(row.details)}</Text></Table.Td>
              <Table.Td className="mono"><span title={row.hash}>{row.hash.slice(0, 10)}</span></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollTable>
  );
}

function describe(details: Readonly<Record<string, unknown>>): string {
  return Object.entries(details).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ");
}
