/** Every round with what was received: site, size, hash, norm. */
import { Table, Text } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes, formatDuration, formatNumber } from "@shared/format/format";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Chip } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Empty } from "@shared/ui/states";

import type { Round, Session } from "@app/api/schemas";

export function RoundsTable({ session }: { session: Session }) {
  const { t } = useTranslation();
  const names = new Map(session.participations.map((site) => [site.site_id, site.site_name]));
  const rounds = [...session.rounds].sort((a, b) => b.round - a.round);
  return (
    <Card title={t("rounds.title")} note={t("rounds.note")}>
      {rounds.length === 0 ? (
        <Empty plain icon={IconRepeat} title={t("rounds.emptyTitle")}>{t("rounds.empty")}</Empty>
      ) : (
        <ScrollTable label={t("rounds.title")} maxHeight={420}>
          <Table aria-label={t("rounds.title")} verticalSpacing={7} stickyHeader>
            <Table.Thead>
              <Table.Tr>
                {(["round", "site", "bytes", "examples", "loss", "norm", "hash", "after"] as const).map((name) => (
                  <Table.Th key={name} scope="col">{t(`rounds.${name}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rounds.map((round) => <RoundRows key={round.round} round={round} name={(id) => names.get(id) ?? id} />)}
            </Table.Tbody>
          </Table>
        </ScrollTable>
      )}
    </Card>
  );
}

function RoundRows({ round, name }: { round: Round; name: (id: string) => string }) {
  const { t } = useTranslation();
  const { record } = round;
  return (
    <Fragment>
      <Table.Tr style={{ background: "var(--page)" }}>
        <Table.Th scope="row" className="num" style={{ color: "var(--ink)" }}>{round.round}</Table.Th>
        <Table.Td colSpan={7}>
          <Text size="sm" span fw={600} className="num">{t("rounds.received", { received: round.received, expected: round.expected })}</Text>
          <Text size="sm" span c="dimmed" className="num">{record === null ? "" : ` · ${formatDuration(record.total_s)}`}</Text>
          {round.state === "running" && <span style={{ marginLeft: 10 }}><Chip tone="info">{t("rounds.running")}</Chip></span>}
        </Table.Td>
      </Table.Tr>
      {record?.updates.map((update) => (
        <Table.Tr key={update.site_id}>
          <Table.Td />
          <Table.Td>{name(update.site_id)}</Table.Td>
          <Table.Td className="num">{formatBytes(update.bytes)}</Table.Td>
          <Table.Td className="num">{update.num_examples}</Table.Td>
          <Table.Td className="num">{formatNumber(update.metrics.train_loss)}</Table.Td>
          <Table.Td className="num">{formatNumber(update.norm)}</Table.Td>
          <Table.Td className="mono"><span title={update.sha256}>{update.sha256.slice(0, 8)}</span></Table.Td>
          <Table.Td className="num">{formatDuration(update.received_after_s)}</Table.Td>
        </Table.Tr>
      ))}
      {Object.entries(record?.missing ?? {}).map(([site, code]) => (
        <Table.Tr key={site}>
          <Table.Td />
          <Table.Td>{name(site)}</Table.Td>
          <Table.Td colSpan={6}><Chip tone="warning">{t("rounds.missing", { reason: t(`reason.${code}`, { defaultValue: code }) })}</Chip></Table.Td>
        </Table.Tr>
      ))}
    </Fragment>
  );
}
