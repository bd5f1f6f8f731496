/** Requests for trust: compare the fingerprints, then approve or refuse. */
import { Checkbox, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { Site } from "@app/api/schemas";
import { useApproveSite, useRefuseSite } from "@app/features/sites/api/useSites";

export function PendingSites({ sites }: { sites: readonly Site[] }) {
  return <Stack gap="md">{sites.map((site) => <PendingSite key={site.id} site={site} />)}</Stack>;
}

function PendingSite({ site }: { site: Site }) {
  const { t } = useTranslation();
  const [compared, setCompared] = useState(false);
  const [refusing, setRefusing] = useState(false);
  const approve = useApproveSite();
  const refuse = useRefuseSite();
  return (
    <Card tone="attention" title={t("pending.title", { name: site.name })} note={<>{t("pending.asked")} <Ago at={site.requested_at} />{site.software === null ? "" : ` · ${site.software}`}</>}>
      <Group align="flex-start" gap="xl">
        <div style={{ flex: "1 1 300px" }}>
          <Text size="sm" c="dimmed" mb={4}>{t("site.fingerprint")}</Text>
          <Fingerprint value={site.fingerprint} label={t("pending.fingerprint", { name: site.name })} />
        </div>
        <Stack gap="sm" style={{ flex: "1 1 320px" }}>
          <Text size="sm">{t("pending.how", { name: site.name })}</Text>
          <Checkbox label={t("pending.compared")} checked={compared} onChange={(event) => setCompared(event.currentTarget.checked)} />
          <Group gap="xs">
            <ActButton leftSection={<IconCheck size={17} />} disabled={!compared} loading={approve.isPending} aria-label={t("pending.approve", { name: site.name })} onClick={() => approve.mutate(site)}>{t("pending.approveShort")}</ActButton>
            <ActButton variant="default" leftSection={<IconX size={17} />} onClick={() => setRefusing(true)}>{t("pending.refuse")}</ActButton>
          </Group>
          {approve.isError && <Problem error={approve.error} />}
        </Stack>
      </Group>
      <ConfirmDialog opened={refusing} title={t("pending.refuseTitle", { name: site.name })} lead={t("pending.refuseLead")} consequences={[t("pending.refuseOne"), t("pending.refuseTwo")]}
        confirm={t("pending.refuseConfirm")} busy={refuse.isPending} error={refuse.error} onClose={() => setRefusing(false)}
        onConfirm={() => refuse.mutate(site, { onSuccess: () => setRefusing(false) })} />
    </Card>
  );
}
