/** An active session in a few lines, for the first page. */
import { Button, Group, Progress, Text } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Card } from "@shared/ui/Page";
import { SiteMark } from "@shared/ui/SiteMark";
import { Problem } from "@shared/ui/states";

import type { SessionSummary } from "@app/api/schemas";
import { useSession } from "@app/features/sessions/api/useSessions";
import { ParticipationChip, SessionChip } from "@app/features/sessions/components/states";

export function SessionGlance({ session }: { session: SessionSummary }) {
  const { t } = useTranslation();
  const closed = session.rounds_closed;
  const whole = useSession(session.id);
  return (
    <Card title={session.title} note={t("session.roundOf", { round: session.round, of: session.rounds_planned })} aside={<SessionChip state={session.state} />}>
      <Progress value={(100 * closed) / session.rounds_planned} size={8} mb="md" aria-label={t("sessions.roundsOf", { closed, of: session.rounds_planned })} />
      {whole.isError && <Problem error={whole.error} onRetry={() => void whole.refetch()} />}
      <ul className="row-list" aria-label={t("session.sites")}>
        {whole.data?.participations.map((site, index) => (
          <li key={site.site_id} style={{ paddingBlock: 8 }}>
            <Group justify="space-between" wrap="nowrap">
              <SiteMark name={site.site_name} index={index} />
              <Group gap="sm" wrap="nowrap">
                {session.state === "running" && site.progress !== null && <Text size="sm" c="dimmed" className="num">{Math.round(site.progress.fraction * 100)} %</Text>}
                <ParticipationChip site={site} session={session.state} />
              </Group>
            </Group>
          </li>
        ))}
      </ul>
      <Button mt="md" variant="light" rightSection={<IconArrowRight size={16} />} renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: session.id }} {...props} />}>{t("home.watch")}</Button>
    </Card>
  );
}
