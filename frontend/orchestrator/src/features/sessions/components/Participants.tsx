/** One row a site: what it does now, how far it is, or why it is missing. */
import { Group, Progress, Text } from "@mantine/core";
import { IconCloudOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { SiteMark } from "@shared/ui/SiteMark";

import type { Participation, Session } from "@app/api/schemas";
import { ParticipationChip } from "@app/features/sessions/components/states";

export function Participants({ session }: { session: Session }) {
  const { t } = useTranslation();
  const agreed = session.participations.filter((site) => site.consent?.decision === "agree").length;
  return (
    <Card title={t("session.sites")} note={t("session.agreedOf", { agreed, invited: session.participations.length, quorum: session.quorum })}>
      <ul className="row-list" aria-label={t("session.sites")}>
        {session.participations.map((site, index) => <ParticipantRow key={site.site_id} site={site} index={index} running={session.state === "running"} />)}
      </ul>
    </Card>
  );
}

function ParticipantRow({ site, index, running }: { site: Participation; index: number; running: boolean }) {
  const { t } = useTranslation();
  const { progress } = site;
  const percent = Math.round((progress?.fraction ?? 0) * 100);
  const said = facts(site, t);
  return (
    <li aria-label={site.site_name}>
      <Group justify="space-between" gap={6}>
        <SiteMark name={site.site_name} index={index} />
        <Group gap={6}>
          {!site.online && <Chip tone="warning" icon={IconCloudOff}>{t("site.offline")}</Chip>}
          <ParticipationChip site={site} />
        </Group>
      </Group>
      {running && progress !== null && (
        <Group gap="sm" mt={6} wrap="nowrap">
          <Progress value={percent} size={6} style={{ flex: 1 }} aria-label={t("session.progressOf", { site: site.site_name })} />
          <Text size="xs" fw={600} className="num" w={46} ta="right" style={{ whiteSpace: "nowrap" }}>{percent} %</Text>
        </Group>
      )}
      {said.length > 0 && <Text size="xs" c="dimmed" mt={4} className="num">{said.join(" · ")}</Text>}
      {site.missing_code !== null && (
        <Text size="xs" mt={2} c="var(--tone-danger)" fw={550}>{t("session.missing", { reason: t(`reason.${site.missing_code}`, { defaultValue: site.missing_code }) })}</Text>
      )}
      {site.consent !== null && site.consent.reason !== "" && <Text size="xs" mt={2}>{t("session.said", { reason: site.consent.reason })}</Text>}
    </li>
  );
}

function facts(site: Participation, t: (key: string, options?: Record<string, unknown>) => string): string[] {
  const lines: string[] = [];
  if (site.consent?.decision === "agree") lines.push(t("session.studies", { count: site.consent.study_count }));
  if (site.consent?.permissions.send_model === "ask") lines.push(t("session.asksFirst"));
  if (site.progress?.loss !== null && site.progress !== null) lines.push(t("session.lossNow", { loss: formatNumber(site.progress.loss) }));
  if (site.rounds_contributed > 0 || site.state === "training") lines.push(t("session.contributed", { count: site.rounds_contributed }));
  return lines;
}
