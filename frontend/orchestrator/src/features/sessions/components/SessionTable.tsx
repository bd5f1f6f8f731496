/** All sessions, the newest first. */
import { Anchor, Progress, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { LongTable } from "@shared/ui/LongTable";
import { Ago } from "@shared/ui/Time";

import type { SessionSummary } from "@app/api/schemas";
import { SessionChip } from "@app/features/sessions/components/states";

const COLUMNS = ["title", "state", "rounds", "sites", "strategy", "created"] as const;
const idOf = (session: SessionSummary) => session.id;

export function SessionTable({ sessions }: { sessions: readonly SessionSummary[] }) {
  const { t } = useTranslation();
  const rows = useMemo(() => [...sessions].sort((a, b) => b.created_at.localeCompare(a.created_at)), [sessions]);
  return (
    <div className="card">
      <LongTable label={t("nav.training")} head={COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`sessions.${name}`)}</Table.Th>)} columns={COLUMNS.length} rows={rows} rowKey={idOf}>
        {(session) => <SessionCells session={session} />}
      </LongTable>
    </div>
  );
}

const SessionCells = memo(function SessionCells({ session }: { session: SessionSummary }) {
  const { t } = useTranslation();
  const closed = session.rounds_closed;
  return (
    <>
      <Table.Td>
        <Anchor fw={600} renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: session.id }} {...props} />}>{session.title}</Anchor>
        <Text size="xs" c="dimmed">{t(`task.${session.task}`, { defaultValue: session.task })}</Text>
      </Table.Td>
      <Table.Td><SessionChip state={session.state} /></Table.Td>
      <Table.Td miw={140}>
        <Text size="sm" className="num">{t("sessions.roundsOf", { closed, of: session.rounds_planned })}</Text>
        <Progress size={4} mt={4} value={(100 * closed) / session.rounds_planned} aria-label={t("sessions.rounds")} />
      </Table.Td>
      <Table.Td className="num">{t("sessions.agreedOf", { agreed: session.sites_agreed, of: session.sites_invited })}</Table.Td>
      <Table.Td>{t(`strategy.${session.strategy.name}`, { defaultValue: session.strategy.name })}</Table.Td>
      <Table.Td><Ago at={session.created_at} /></Table.Td>
    </>
  );
});
