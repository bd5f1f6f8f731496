/** The connection, the program and its processes; leaving the federation. */
import { SimpleGrid, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { AccountsCard } from "@shared/accounts/AccountsCard";
import { useMe } from "@shared/accounts/api";
import { OwnAccountCard } from "@shared/accounts/OwnAccountCard";
import { formatDateTime } from "@shared/format/format";
import { ChildrenList } from "@shared/ui/ChildrenList";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import type { System } from "@app/api/schemas";
import { useLeave } from "@app/features/enrolment/api/useEnrolment";
import { ConnectionChip } from "@app/features/enrolment/components/ConnectionChip";
import { useSystem } from "@app/features/system/api/useSystem";

export function SettingsPage() {
  const { t } = useTranslation();
  const system = useSystem();
  const managing = useMe().data?.manages_accounts ?? false;
  return (
    <Page title={t("nav.settings")} intro={t("settings.intro")}>
      {managing && <AccountsCard />}
      <Resource query={system} label={t("settings.loading")}>
        {(data) => (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: "start" }}>
            <Stack gap="md"><ConnectionCard system={data} /><OwnAccountCard /></Stack>
            <Stack gap="md">
              <Card title={t("settings.processes")} note={t("settings.processesNote")}><ChildrenList rows={data.children} /></Card>
              <Card title={t("settings.program")}><Facts items={[[t("settings.version"), data.version], [t("settings.protocol"), data.protocol]]} /></Card>
            </Stack>
          </SimpleGrid>
        )}
      </Resource>
    </Page>
  );
}

function ConnectionCard({ system }: { system: System }) {
  const { t } = useTranslation();
  const [leaving, setLeaving] = useState(false);
  const leave = useLeave();
  const { connection } = system;
  const fingerprint = (value: string | null, label: string) => (value === null ? "–" : <Fingerprint small value={value} label={label} />);
  return (
    <Card title={t("settings.connection")} aside={<ConnectionChip state={connection.state} />}>
      <Stack gap="md">
        <Facts items={[
          [t("connect.orchestrator"), connection.orchestrator ?? "–"],
          [t("connect.address"), <span key="a" className="mono">{connection.address ?? "–"}</span>],
          [t("settings.site"), connection.site_name ?? "–"],
          [t("settings.own"), fingerprint(connection.fingerprint, t("settings.own"))],
          [t("connect.authority"), fingerprint(connection.ca_fingerprint, t("connect.authority"))],
          [t("settings.certificate"), connection.certificate_expires_at === null ? "–" : formatDateTime(connection.certificate_expires_at)],
        ]} />
        {connection.detail !== "" && <div>{connection.detail}</div>}
        {connection.state !== "not_enrolled" && <div><ActButton variant="light" color="red" onClick={() => setLeaving(true)}>{t("settings.leave")}</ActButton></div>}
      </Stack>
      <ConfirmDialog opened={leaving} title={t("settings.leaveTitle")} lead={t("settings.leaveLead")} consequences={[t("settings.leaveOne"), t("settings.leaveTwo"), t("settings.leaveThree")]}
        confirm={t("settings.leave")} busy={leave.isPending} error={leave.error} onClose={() => setLeaving(false)} onConfirm={() => leave.mutate(undefined, { onSuccess: () => setLeaving(false) })} />
    </Card>
  );
}
