/** Every round with what was received (site, size, hash, norm, metrics) and the model it became. */
import { Anchor, Table, Text } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount, formatDuration, formatNumber } from "@shared/format/format";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Chip } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Empty } from "@shared/ui/states";

import type { Round, Session } from "@app/api/schemas";

interface RoundsTableProps {
  session: Session;
  primary: { key: string; title: string } | null;
}

export function RoundsTable({ session, primary }: RoundsTableProps) {
  const { t } = useTranslation();
  const names = new Map(session.participations.map((site) => [site.site_id, site.site_name]));
  const rounds = [...session.rounds].sort((a, b) => b.round - a.round);
  return (
    <Card title={t("rounds.title")} note={t("rounds.note")}>
      {rounds.length === 0 ? (
        <Empty plain icon={IconRepeat} title={t("rounds.emptyTitle")}>{t("rounds.empty")}</Empty>
      ) : (
        <ScrollTable label={t("rounds.title")} maxHeight={420}>
          <Table aria-label={t("rounds.title")} verticalSpacing={7} horizontalSpacing={7} stickyHeader>
            <Table.Thead>
              <Table.Tr>
                {(["round", "site", "bytes", "examples", "loss", "score", "norm", "hash", "after"] as const).map((name) => (
                  <Table.Th key={name} scope="col" title={name === "score" ? primary?.title : undefined}>{name === "score" ? t("updates.score") : t(`rounds.${name}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rounds.map((round) => <RoundRows key={round.round} round={round} score={primary === null ? null : `score_${primary.key}`} undrawn={undrawn(round, session)} name={(id) => names.get(id) ?? id} />)}
            </Table.Tbody>
          </Table>
        </ScrollTable>
      )}
    </Card>
  );
}

/** Sites that could take part and were not drawn for a closed round. */
function undrawn({ record }: Round, session: Session): string[] {
  if (record === null || session.fraction === 1) return [];
  const drawn = new Set([...record.updates.map((update) => update.site_id), ...Object.keys(record.missing)]);
  return session.participations.filter((site) => !drawn.has(site.site_id) && !site.left_out && site.rounds_agreed >= record.round).map((site) => site.site_name);
}

interface RoundRowsProps {
  round: Round;
  score: string | null;
  undrawn: readonly string[];
  name: (id: string) => string;
}

function RoundRows({ round, score, undrawn: rest, name }: RoundRowsProps) {
  const { t } = useTranslation();
  const { record } = round;
  return (
    <Fragment>
      <Table.Tr style={{ background: "var(--page)" }}>
        <Table.Th scope="row" className="num" style={{ color: "var(--ink)" }}>{round.round}</Table.Th>
        <Table.Td colSpan={8}>
          <Text size="sm" span fw={600} className="num">{t("rounds.received", { received: round.received, expected: round.expected })}</Text>
          <Text size="sm" span c="dimmed" className="num">{record === null ? "" : ` · ${formatDuration(record.total_s)}`}</Text>
          {round.model_id !== null && <Anchor size="sm" ml={10} underline="always" renderRoot={(props) => <Link to="/models" search={{ model: round.model_id ?? "" }} {...props} />}>{t("updates.modelOf", { round: round.round })}</Anchor>}
          {rest.length > 0 && <Text size="xs" c="dimmed">{t("updates.notDrawn", { names: rest.join(", ") })}</Text>}
          {round.state === "ended" && <span style={{ marginLeft: 10 }}><Chip tone="neutral">{t("rounds.ended")}</Chip></span>}
          {round.state === "running" && <span style={{ marginLeft: 10 }}><Chip tone="info">{t("rounds.running")}</Chip></span>}
        </Table.Td>
      </Table.Tr>
      {record?.updates.map((update) => (
        <Table.Tr key={update.site_id}>
          <Table.Td />
          <Table.Td miw={120} style={{ overflowWrap: "break-word" }}>{name(update.site_id)}</Table.Td>
          <Table.Td className="num">{formatBytes(update.bytes)}</Table.Td>
          <Table.Td className="num">
            {update.num_examples}
            {update.reported_examples !== null && <Text size="xs" c="dimmed">{t("rounds.reported", { said: formatCount(update.reported_examples) })}</Text>}
          </Table.Td>
          <Table.Td className="num">{formatNumber(update.metrics.train_loss)}</Table.Td>
          <Table.Td className="num">{score === null ? "–" : formatNumber(update.metrics[score])}</Table.Td>
          <Table.Td className="num">{formatNumber(update.norm)}</Table.Td>
          <Table.Td className="mono"><span title={update.sha256}>{update.sha256.slice(0, 8)}</span></Table.Td>
          <Table.Td className="num">{formatDuration(update.received_after_s)}</Table.Td>
        </Table.Tr>
      ))}
      {Object.entries(record?.missing ?? {}).map(([site, code]) => (
        <Table.Tr key={site}>
          <Table.Td />
          <Table.Td>{name(site)}</Table.Td>
          <Table.Td colSpan={7}><Chip tone="warning">{t("rounds.missing", { reason: t(`reason.${code}`, { defaultValue: code }) })}</Chip></Table.Td>
        </Table.Tr>
      ))}
    </Fragment>
  );
}
