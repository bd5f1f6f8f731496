/** Invitations that are still open. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatDateTime } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";

import type { Invitation } from "@app/api/schemas";
import { useWithdrawInvitation } from "@app/features/sites/api/useSites";

export function Invitations({ invitations }: { invitations: readonly Invitation[] }) {
  const { t } = useTranslation();
  const withdraw = useWithdrawInvitation();
  const open = invitations.filter(({ state }) => state === "open");
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
                <ActButton size="xs" variant="default" loading={withdraw.isPending && withdraw.variables === invitation.id} onClick={() => withdraw.mutate(invitation.id)}>{t("invitations.withdraw")}</ActButton>
              </Group>
            </Group>
          </li>
        ))}
      </ul>
    </Card>
  );
}
