/** All sessions, the newest first. */
import { Anchor, Progress, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Ago } from "@shared/ui/Time";

import type { Session } from "@app/api/schemas";
import { SessionChip } from "@app/features/sessions/components/states";

export function SessionTable({ sessions }: { sessions: readonly Session[] }) {
  const { t } = useTranslation();
  const rows = [...sessions].sort((a, b) => b.created_at.localeCompare(a.created_at));
  return (
    <div className="card">
      <div className="table-wrap">
        <Table aria-label={t("nav.training")} verticalSpacing="sm" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {(["title", "state", "rounds", "sites", "strategy", "created"] as const).map((name) => <Table.Th key={name} scope="col">{t(`sessions.${name}`)}</Table.Th>)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((session) => {
              const closed = session.rounds.filter((round) => round.state === "closed").length;
              return (
                <Table.Tr key={session.id}>
                  <Table.Td>
                    <Anchor fw={600} renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: session.id }} {...props} />}>{session.title}</Anchor>
                    <Text size="xs" c="dimmed">{t(`task.${session.task}`, { defaultValue: session.task })}</Text>
                  </Table.Td>
                  <Table.Td><SessionChip state={session.state} /></Table.Td>
                  <Table.Td miw={140}>
                    <Text size="sm" className="num">{t("sessions.roundsOf", { closed, of: session.rounds_planned })}</Text>
                    <Progress size={4} mt={4} value={(100 * closed) / session.rounds_planned} aria-label={t("sessions.rounds")} />
                  </Table.Td>
                  <Table.Td className="num">{t("sessions.agreedOf", { agreed: session.participations.filter((site) => site.consent?.decision === "agree").length, of: session.participations.length })}</Table.Td>
                  <Table.Td>{t(`strategy.${session.strategy.name}`, { defaultValue: session.strategy.name })}</Table.Td>
                  <Table.Td><Ago at={session.created_at} /></Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
    </div>
  );
}
