/** A session this site is in, in a few lines. */
import { Progress, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Card } from "@shared/ui/Page";

import type { SiteSessionSummary } from "@app/api/schemas";
import { PhaseChip } from "@app/features/sessions/components/states";

export function SessionGlance({ session, action }: { session: SiteSessionSummary; action: ReactNode }) {
  const { t } = useTranslation();
  const round = session.latest_round;
  return (
    <Card title={session.title} note={t("training.roundOf", { round: session.round, of: session.rounds_planned })} aside={round === null ? undefined : <PhaseChip phase={round.phase} />}>
      <Progress size={8} value={round === null ? 0 : round.fraction * 100} aria-label={t("training.progress")} />
      <Text size="sm" c="dimmed" mt={8} mb="sm">{t("training.covers", { count: session.studies })}</Text>
      {action}
    </Card>
  );
}
