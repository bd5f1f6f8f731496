/** The audit log: who did what to what, each row chained to the one before. */
import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { translatedAct, translatedActor } from "@shared/i18n/server";
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

interface AuditTableProps {
  rows: readonly AuditLine[];
  /** What people call the things that the log names by their ids. */
  names?: ReadonlyMap<string, string>;
}

export function AuditTable({ rows, names = new Map() }: AuditTableProps) {
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
              <Table.Td><Text size="sm" maw={150} lineClamp={2} title={row.actor}>{translatedActor(nameOf(row.actor, names))}</Text></Table.Td>
              <Table.Td fw={600} miw={130} title={row.action}>{translatedAct(row.action)}</Table.Td>
              <Table.Td><Text size="sm" miw={110} maw={190} lineClamp={2} style={{ overflowWrap: "break-word" }} title={row.subject}>{nameOf(row.subject, names)}</Text></Table.Td>
              <Table.Td><Text size="xs" className="mono" c="dimmed" maw={210} lineClamp={2} style={{ overflowWrap: "anywhere" }} title={JSON.stringify(row.details)}>{describe(row.details)}</Text></Table.Td>
              <Table.Td className="mono"><span title={row.hash}>{row.hash.slice(0, 8)}</span></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollTable>
  );
}

/** "site:site-1" and "site-1" are both the site's name, where it has one. */
function nameOf(id: string, names: ReadonlyMap<string, string>): string {
  const plain = id.replace(/^[a-z]+:/, "");
  return names.get(plain) ?? (plain === "" ? "–" : plain);
}

function describe(details: Readonly<Record<string, unknown>>): string {
  return Object.entries(details).filter(([, value]) => value !== "" && value !== null).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ");
}
