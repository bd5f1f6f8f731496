/** Invitations that are still open. */
import { Group, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatDateTime } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card } from "@shared/ui/Page";
import { useNow } from "@shared/ui/useNow";

import type { Invitation } from "@app/api/schemas";
import { useWithdrawInvitation } from "@app/features/sites/api/useSites";

export function Invitations({ invitations }: { invitations: readonly Invitation[] }) {
  const { t } = useTranslation();
  const withdraw = useWithdrawInvitation();
  const [asked, setAsked] = useState<Invitation | null>(null);
  const close = () => setAsked(null);
  const now = useNow(60_000);
  const open = invitations.filter(({ state, expires_at: until }) => state === "open" && Date.parse(until) > now);
  if (open.length === 0) return null;
  return (
    <Card title={t("invitations.title")} note={t("invitations.note")}>
      <ul className="row-list" aria-label={t("invitations.title")}>
        {open.map((invitation) => (
          <li key={invitation.id}>
            <Group justify="space-between" gap="sm">
              <div>
                <Text fw={600}>{invitation.site_name ?? t("invitations.unnamed")}</Text>
                <Text size="xs" c="dimmed">{t("invitations.until", { until: formatDateTime(invitation.expires_at) })}</Text>
              </div>
              <Group gap="xs">
                <Chip tone="neutral">{t("invitations.open")}</Chip>
                <ActButton size="xs" variant="default" aria-label={t("invitations.withdrawOf", { name: invitation.site_name ?? t("invitations.unnamed"), until: formatDateTime(invitation.expires_at) })} onClick={() => { withdraw.reset(); setAsked(invitation); }}>{t("invitations.withdraw")}</ActButton>
              </Group>
            </Group>
          </li>
        ))}
      </ul>
      <ConfirmDialog opened={open.some(({ id }) => id === asked?.id)} title={t("invitations.withdrawTitle")} lead={t("invitations.withdrawLead", { name: asked?.site_name ?? t("invitations.unnamed") })} consequences={[t("invitations.withdrawOne")]}
        confirm={t("invitations.withdrawConfirm")} busy={withdraw.isPending} error={withdraw.error} onClose={close} onConfirm={() => { if (asked !== null) withdraw.mutate(asked.id, { onSuccess: close }); }} />
    </Card>
  );
}
