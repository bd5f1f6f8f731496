/** What can be done about the trust in a site: renew, suspend, let in again, revoke. */
import { Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Problem } from "@shared/ui/states";

import type { Site } from "@app/api/schemas";
import { useReadmitSite, useRenewSite, useRevokeSite, useSuspendSite } from "@app/features/sites/api/useSites";
import { CertificateEnd } from "@app/features/sites/components/CertificateEnd";

export function SiteTrust({ site }: { site: Site }) {
  if (site.state !== "trusted" && site.state !== "suspended") return null;
  return (
    <Stack gap="lg">
      {site.state === "trusted" ? <><RenewSite site={site} /><SuspendSite site={site} /></> : <ReadmitSite site={site} />}
      <RevokeSite site={site} />
    </Stack>
  );
}

function RenewSite({ site }: { site: Site }) {
  const { t } = useTranslation();
  const renew = useRenewSite();
  return (
    <div>
      <Text fw={600} size="sm">{t("trust.renewHead")} <CertificateEnd site={site} /></Text>
      <Text size="sm" c="dimmed" mb="xs">{t("trust.renewNote")}</Text>
      <ActButton variant="default" loading={renew.isPending} onClick={() => renew.mutate(site)}>{t("trust.renew")}</ActButton>
      {renew.isSuccess && <Text size="sm" mt="xs" role="status">{t("trust.renewAsked", { name: site.name })}</Text>}
      {renew.isError && <Problem error={renew.error} />}
    </div>
  );
}

function SuspendSite({ site }: { site: Site }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const suspend = useSuspendSite();
  return (
    <div>
      <Text fw={600} size="sm">{t("trust.suspendHead")}</Text>
      <Text size="sm" c="dimmed" mb="xs">{t("trust.suspendNote")}</Text>
      <ActButton variant="default" aria-label={t("trust.suspend", { name: site.name })} onClick={() => setAsking(true)}>{t("trust.suspendShort")}</ActButton>
      <ConfirmDialog opened={asking} title={t("trust.suspendTitle", { name: site.name })} lead={t("trust.suspendLead")} consequences={[t("trust.suspendOne"), t("trust.suspendTwo"), t("trust.suspendThree")]}
        confirm={t("trust.suspendConfirm")} busy={suspend.isPending} error={suspend.error} onClose={() => setAsking(false)}
        onConfirm={() => suspend.mutate(site, { onSuccess: () => setAsking(false) })} />
    </div>
  );
}

function ReadmitSite({ site }: { site: Site }) {
  const { t } = useTranslation();
  const readmit = useReadmitSite();
  return (
    <>
      <Notice tone="warning" title={t("trust.suspended", { name: site.name })} action={<ActButton size="sm" loading={readmit.isPending} onClick={() => readmit.mutate(site)}>{t("trust.readmit", { name: site.name })}</ActButton>}>{t("trust.suspendedNote")}</Notice>
      {readmit.isError && <Problem error={readmit.error} />}
    </>
  );
}

function RevokeSite({ site }: { site: Site }) {
  const { t } = useTranslation();
  const [revoking, setRevoking] = useState(false);
  const revoke = useRevokeSite();
  return (
    <div>
      <Text fw={600} size="sm">{t("site.revokeHead")}</Text>
      <Text size="sm" c="dimmed" mb="xs">{t("site.revokeNote")}</Text>
      <ActButton color="red" variant="light" aria-label={t("site.revoke", { name: site.name })} onClick={() => setRevoking(true)}>{t("site.revokeShort")}</ActButton>
      <ConfirmDialog opened={revoking} title={t("site.revokeTitle", { name: site.name })} lead={t("site.revokeLead")} consequences={[t("site.revokeOne"), t("site.revokeTwo"), t("site.revokeThree")]}
        confirm={t("site.revokeConfirm")} busy={revoke.isPending} error={revoke.error} onClose={() => setRevoking(false)}
        onConfirm={() => revoke.mutate(site, { onSuccess: () => setRevoking(false) })} />
    </div>
  );
}
