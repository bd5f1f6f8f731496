/** One row a site: what it does now, how far it is, or why it is missing. */
import { Group, Progress, Text } from "@mantine/core";
import { IconCloudOff, IconUserMinus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { formatDateTime, formatNumber } from "@shared/format/format";
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
        {session.participations.map((site, index) => <ParticipantRow key={site.site_id} site={site} index={index} session={session} />)}
      </ul>
    </Card>
  );
}

function ParticipantRow({ site, index, session }: { site: Participation; index: number; session: Session }) {
  const { t } = useTranslation();
  const { progress } = site;
  const percent = Math.round((progress?.fraction ?? 0) * 100);
  const running = session.state === "running";
  const said = [...facts(site, t), ...standing(site, session, t)];
  return (
    <li aria-label={site.site_name}>
      <Group justify="space-between" gap={6}>
        <SiteMark name={site.site_name} index={index} />
        <Group gap={6}>
          {!site.online && <Chip tone="warning" icon={IconCloudOff}>{t("site.offline")}</Chip>}
          {site.left_out ? <Chip tone="neutral" icon={IconUserMinus}>{t("change.leftOut")}</Chip> : <ParticipationChip site={site} session={session.state} />}
        </Group>
      </Group>
      {running && progress !== null && (
        <Group gap="sm" mt={6} wrap="nowrap">
          <Progress value={percent} size={6} style={{ flex: 1 }} aria-label={t("session.progressOf", { site: site.site_name })} />
          <Text size="xs" fw={600} className="num" w={46} ta="right" style={{ whiteSpace: "nowrap" }}>{percent} %</Text>
        </Group>
      )}
      {running && waitsFor(site) !== "" && <Text size="xs" mt={4} fw={550} c="var(--tone-warning)">{t("session.waitsAtSite", { reason: t(`reason.${waitsFor(site)}`, { defaultValue: waitsFor(site) }) })}</Text>}
      {said.length > 0 && <Text size="xs" c="dimmed" mt={4} className="num">{said.join(" · ")}</Text>}
      {site.missing_code !== null && (
        <Text size="xs" mt={2} c="var(--tone-danger)" fw={550}>{t("session.missing", { reason: t(`reason.${site.missing_code}`, { defaultValue: site.missing_code }) })}</Text>
      )}
      {site.consent !== null && site.consent.reason !== "" && <Text size="xs" mt={2}>{t("session.said", { reason: site.consent.reason })}</Text>}
    </li>
  );
}

/** Why a site that has the model does not train yet: its own pause or limits. */
function waitsFor({ progress }: Participation): string {
  return progress?.phase === "waiting" && progress.detail?.startsWith("site.") === true ? progress.detail : "";
}

function facts(site: Participation, t: (key: string, options?: Record<string, unknown>) => string): string[] {
  const lines: string[] = [];
  if (site.consent?.decision === "agree") lines.push(t("session.studies", { count: site.consent.study_count }));
  if (site.consent?.permissions.send_model === "ask") lines.push(t("session.asksFirst"));
  if (site.progress?.loss !== null && site.progress !== null) lines.push(t("session.lossNow", { loss: formatNumber(site.progress.loss) }));
  if (site.rounds_contributed > 0 || site.state === "training") lines.push(t("session.contributed", { count: site.rounds_contributed }));
  return lines;
}

/** Where its answers stand: to which rounds, until when. */
function standing(site: Participation, session: Session, t: (key: string, options?: Record<string, unknown>) => string): string[] {
  const until = formatDateTime(site.answer_by);
  if (site.state === "invited") return [t(new Date(site.answer_by).getTime() < Date.now() ? "change.expired" : "change.answersUntil", { until })];
  const lines: string[] = [];
  if (site.rounds_agreed > 0 && site.rounds_agreed < session.rounds_planned) lines.push(t("change.agreedRounds", { count: site.rounds_agreed }));
  if (site.further !== null) lines.push(t(site.further === "open" ? "change.furtherOpen" : "change.furtherDeclined", { until }));
  return lines;
}
