/** Round by round: what left this site, exactly; each row opens its whole receipt. */
import { Button, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes, formatNumber } from "@shared/format/format";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { At } from "@shared/ui/Time";

import type { SiteSession } from "@app/api/schemas";
import { ReceiptDialog } from "@app/features/sessions/components/ReceiptDialog";
import { PhaseChip } from "@app/features/sessions/components/states";

export function Receipts({ session }: { session: SiteSession }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState<number | null>(null);
  const rows = [...session.rounds].sort((a, b) => b.round - a.round);
  if (rows.length === 0) return <Text size="sm" c="dimmed">{t("receipts.none")}</Text>;
  return (
    <div>
      <Text fw={620} size="sm" mb={4}>{t("receipts.title")}</Text>
      <ScrollTable label={t("receipts.title")} maxHeight={330}>
        <Table aria-label={t("receipts.title")} verticalSpacing={7} stickyHeader>
          <Table.Thead>
            <Table.Tr>{(["round", "state", "left", "tensors", "norm", "studies", "hash", "when", "receipt"] as const).map((name) => <Table.Th key={name} scope="col">{name === "receipt" ? <span className="visually-hidden">{t("receipts.receipt")}</span> : t(`receipts.${name}`)}</Table.Th>)}</Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ round, phase, sent, started_at: started, ended_at: ended }) => (
              <Table.Tr key={round}>
                <Table.Td className="num">{round}</Table.Td>
                <Table.Td><PhaseChip phase={phase} /></Table.Td>
                <Table.Td className="num">{sent === null ? t("receipts.nothing") : formatBytes(sent.bytes)}</Table.Td>
                <Table.Td className="num">{sent?.tensors ?? "–"}</Table.Td>
                <Table.Td className="num">{formatNumber(sent?.norm)}</Table.Td>
                <Table.Td className="num">{sent?.num_examples ?? "–"}</Table.Td>
                <Table.Td className="mono">{sent === null ? "–" : <span title={sent.sha256}>{sent.sha256.slice(0, 10)}</span>}</Table.Td>
                <Table.Td style={{ whiteSpace: "nowrap" }}><At at={ended ?? started} /></Table.Td>
                <Table.Td><Button size="compact-xs" variant="subtle" aria-label={t("receipts.openOf", { round })} onClick={() => setOpened(round)}>{t("receipts.open")}</Button></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollTable>
      <ReceiptDialog session={session} round={rows.find(({ round }) => round === opened) ?? null} onClose={() => setOpened(null)} />
    </div>
  );
}
