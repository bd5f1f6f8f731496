/** Whose invitation it is and what it allows; name this site and ask to join. */
import { Button, Group, List, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatDateTime } from "@shared/format/format";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card, Facts } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import { useEnrol } from "@app/features/enrolment/api/useEnrolment";
import type { Opened } from "@app/features/enrolment/components/OpenInvitation";

const ALLOWS = ["name", "counts", "ask"] as const;
const NEVER = ["key", "scans", "start"] as const;

export function ReviewInvitation({ opened: { text, preview }, onBack }: { opened: Opened; onBack: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(preview.site_name ?? "");
  const enrol = useEnrol();
  return (
    <Card title={t("connect.whose", { orchestrator: preview.orchestrator })} note={t("connect.whoseNote")}>
      <form onSubmit={(event) => { event.preventDefault(); enrol.mutate({ invitation: text, site_name: name.trim() }); }}>
        <Stack gap="md">
          <Facts items={[
            [t("connect.orchestrator"), preview.orchestrator],
            [t("connect.address"), <span key="a" className="mono">{preview.address}</span>],
            [t("connect.authority"), <Fingerprint key="f" small value={preview.ca_fingerprint} label={t("connect.authority")} />],
            [t("connect.expires"), formatDateTime(preview.expires_at)],
          ]} />
          <Means title={t("connect.allowsTitle")} lines={ALLOWS.map((key) => t(`connect.allows.${key}`))} />
          <Means title={t("connect.neverTitle")} lines={NEVER.map((key) => t(`connect.never.${key}`))} />
          <TextInput required label={t("connect.name")} description={t("connect.nameNote")} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          {enrol.isError && <Problem error={enrol.error} />}
          <Group justify="space-between">
            <Button variant="default" onClick={onBack}>{t("connect.back")}</Button>
            <ActButton type="submit" disabled={name.trim() === ""} loading={enrol.isPending}>{t("connect.ask")}</ActButton>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Means({ title, lines }: { title: string; lines: readonly string[] }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>{title}</Text>
      <List size="sm" spacing={2} aria-label={title}>{lines.map((line) => <List.Item key={line}>{line}</List.Item>)}</List>
    </div>
  );
}
