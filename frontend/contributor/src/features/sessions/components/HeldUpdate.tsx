/** An update that waits for a person: let it go, or keep it. */
import { Group } from "@mantine/core";
import { IconHandStop, IconSend } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatNumber } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Problem } from "@shared/ui/states";

import type { SiteSessionSummary } from "@app/api/schemas";
import { useRelease } from "@app/features/sessions/api/useSessions";

export function HeldUpdate({ session, round }: { session: SiteSessionSummary; round: number }) {
  const { t } = useTranslation();
  const release = useRelease(session.id);
  const { latest_round: latest } = session;
  const decide = (send: boolean) => release.mutate({ round, send });
  return (
    <div role="group" aria-label={t("held.label", { round })}>
      <Notice live tone="warning" title={t("held.title", { round })} action={
        <Group gap="xs">
          <ActButton size="sm" leftSection={<IconSend size={16} />} disabled={release.isPending} loading={release.isPending && release.variables?.send} onClick={() => decide(true)}>{t("held.send")}</ActButton>
          <ActButton size="sm" variant="default" leftSection={<IconHandStop size={16} />} disabled={release.isPending} loading={release.isPending && release.variables?.send === false} onClick={() => decide(false)}>{t("held.keep")}</ActButton>
        </Group>
      }>
        {t("held.text", { loss: formatNumber(latest?.round === round ? latest.loss : null) })}
      </Notice>
      {release.isError && <div style={{ marginTop: 8 }}><Problem error={release.error} /></div>}
    </div>
  );
}
