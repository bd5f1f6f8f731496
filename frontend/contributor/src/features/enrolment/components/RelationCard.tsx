/** How this site stands with its orchestrator: who, since when, its certificate; renew it, or leave. */
import { Group, List, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatDateTime } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card, Facts } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";
import { useNow } from "@shared/ui/useNow";

import type { Connection } from "@app/api/schemas";
import { useLeave, useRenew } from "@app/features/enrolment/api/useEnrolment";
import { ConnectionFinding } from "@app/features/enrolment/components/ConnectionFinding";
import { ConnectionChip } from "@app/features/enrolment/components/ConnectionChip";
import { detailOf } from "@app/features/enrolment/words";

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
const HERE = ["studies", "models", "audit"] as const;
const THERE = ["updates", "answers"] as const;

/** `locked` says why whoever looks may neither renew nor leave. */
export function RelationCard({ connection, locked }: { connection: Connection; locked?: string }) {
  const { t } = useTranslation();
  const [leaving, setLeaving] = useState(false);
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
        <ConnectionFinding connection={connection} />
        {connection.detail !== "" && connection.finding === null && <Text size="sm">{detailOf(connection)}</Text>}
        {connection.certificate_expires_at !== null && <Certificate connection={connection} until={connection.certificate_expires_at} locked={locked} />}
        {connection.state !== "not_enrolled" && <div><ActButton variant="light" color="red" disabled={locked !== undefined} title={locked} onClick={() => setLeaving(true)}>{t("settings.leave")}</ActButton></div>}
      </Stack>
      <LeaveDialog opened={leaving} connection={connection} onClose={() => setLeaving(false)} />
    </Card>
  );
}

function Certificate({ connection, until, locked }: { connection: Connection; until: string; locked?: string }) {
  const { t } = useTranslation();
  const renew = useRenew();
  const days = Math.floor((Date.parse(until) - useNow(60_000)) / DAY_MS);
  return (
    <Stack gap="xs">
      {days < SOON_DAYS && <Notice tone={days < 0 ? "danger" : "warning"} title={t(days < 0 ? "settings.certificateOver" : "settings.certificateSoon", { count: days })}>{t("settings.certificateNote")}</Notice>}
      <Group gap="sm">
        <ActButton variant="default" loading={renew.isPending} disabled={connection.state !== "connected" || locked !== undefined} title={locked} onClick={() => renew.mutate()}>{t("settings.renew")}</ActButton>
        {renew.isSuccess && <Text size="sm" c="dimmed" role="status">{t("settings.renewing")}</Text>}
      </Group>
      {renew.isError && <Problem error={renew.error} />}
    </Stack>
  );
}

function LeaveDialog({ opened, connection, onClose }: { opened: boolean; connection: Connection; onClose: () => void }) {
  const { t } = useTranslation();
  const leave = useLeave();
  const [typed, setTyped] = useState("");
  const close = () => { setTyped(""); leave.reset(); onClose(); };
  const name = connection.site_name ?? connection.orchestrator ?? "";
  return (
    <ConfirmDialog opened={opened} title={t("settings.leaveTitle")} lead={t("settings.leaveLead")} consequences={[t("settings.leaveOne"), t("settings.leaveThree")]}
      confirm={t("settings.leave")} busy={leave.isPending} disabled={typed.trim() !== name} error={leave.error} onClose={close} onConfirm={() => leave.mutate(undefined, { onSuccess: close })}>
      <Stack gap="sm">
        <Remains title={t("settings.remainsHere")} lines={HERE.map((key) => t(`settings.here.${key}`))} />
        <Remains title={t("settings.remainsThere")} lines={THERE.map((key) => t(`settings.there.${key}`))} />
        <TextInput label={t("settings.typeName", { name })} autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      </Stack>
    </ConfirmDialog>
  );
}

function Remains({ title, lines }: { title: string; lines: readonly string[] }) {
  return <div><Text size="sm" fw={600}>{title}</Text><List size="sm" spacing={2} aria-label={title}>{lines.map((line) => <List.Item key={line}>{line}</List.Item>)}</List></div>;
}
