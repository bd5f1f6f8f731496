/** From an invitation to a trusted site: open it, see whose it is, name the site, compare, done. */
import { Button, FileButton, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconMailOpened, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatDateTime } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card, Facts } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Connection, InvitationPreview } from "@app/api/schemas";
import { useEnrol, useLeave, usePreview } from "@app/features/enrolment/api/useEnrolment";

/** Open an invitation, then name the site. */
export function OpenInvitation() {
  const [text, setText] = useState("");
  const preview = usePreview();
  const open = (invitation: string) => { setText(invitation); preview.mutate(invitation); };
  if (preview.data !== undefined) return <NameSite invitation={text} preview={preview.data} onBack={() => preview.reset()} />;
  return <InvitationInput text={text} onText={setText} onOpen={open} busy={preview.isPending} error={preview.error} />;
}

interface InvitationInputProps {
  text: string;
  onText: (text: string) => void;
  onOpen: (invitation: string) => void;
  busy: boolean;
  error: unknown;
}

function InvitationInput({ text, onText, onOpen, busy, error }: InvitationInputProps) {
  const { t } = useTranslation();
  const read = async (file: File | null | undefined) => { if (file) onOpen(await file.text()); };
  return (
    <Card title={t("connect.openTitle")} note={t("connect.openNote")}>
      <Stack gap="md">
        <Dropzone onDrop={(files) => void read(files[0])} maxFiles={1} multiple={false} maxSize={40_000} loading={busy} activateOnClick={false} activateOnKeyboard={false} enablePointerEvents>
          <Stack align="center" gap={8} py="md">
            <IconMailOpened size={36} stroke={1.4} aria-hidden="true" />
            <Text fw={600}>{t("connect.drop")}</Text>
            <FileButton onChange={(file) => void read(file)} inputProps={{ "aria-label": t("connect.file") }}>
              {(props) => <Button {...props} variant="light" leftSection={<IconUpload size={16} />}>{t("connect.choose")}</Button>}
            </FileButton>
          </Stack>
        </Dropzone>
        <Textarea label={t("connect.paste")} rows={5} value={text} classNames={{ input: "invitation-text" }} onChange={(event) => onText(event.currentTarget.value)} />
        {error !== null && <Problem error={error} />}
        <Group justify="flex-end"><Button disabled={text.trim().length < 10} loading={busy} onClick={() => onOpen(text)}>{t("connect.open")}</Button></Group>
      </Stack>
    </Card>
  );
}

function NameSite({ invitation, preview, onBack }: { invitation: string; preview: InvitationPreview; onBack: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(preview.site_name ?? "");
  const enrol = useEnrol();
  return (
    <Card title={t("connect.whose", { orchestrator: preview.orchestrator })} note={t("connect.whoseNote")}>
      <form onSubmit={(event) => { event.preventDefault(); enrol.mutate({ invitation, site_name: name.trim() }); }}>
        <Stack gap="md">
          <Facts items={[
            [t("connect.orchestrator"), preview.orchestrator],
            [t("connect.address"), <span key="a" className="mono">{preview.address}</span>],
            [t("connect.authority"), <Fingerprint key="f" small value={preview.ca_fingerprint} label={t("connect.authority")} />],
            [t("connect.expires"), formatDateTime(preview.expires_at)],
          ]} />
          <Notice tone="neutral" title={t("connect.meansTitle")}>{t("connect.means")}</Notice>
          <TextInput required label={t("connect.name")} description={t("connect.nameNote")} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          {enrol.isError && <Problem error={enrol.error} />}
          <Group justify="space-between">
            <Button variant="default" onClick={onBack}>{t("connect.back")}</Button>
            <Button type="submit" disabled={name.trim() === ""} loading={enrol.isPending}>{t("connect.ask")}</Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

/** Both people compare; nothing more to do on this side but wait. */
export function CompareFingerprint({ connection }: { connection: Connection }) {
  const { t } = useTranslation();
  const cancel = useLeave();
  return (
    <Card tone="attention" title={t("connect.compareTitle")} note={t("connect.compareNote", { orchestrator: connection.orchestrator ?? "" })}>
      <Stack gap="md">
        <Fingerprint value={connection.fingerprint ?? "–"} label={t("connect.fingerprint")} />
        <Text size="sm">{t("connect.compareHow")}</Text>
        <Notice live tone="info" title={t("connect.waiting")}>{connection.detail || t("connect.waitingNote")}</Notice>
        {cancel.isError && <Problem error={cancel.error} />}
        <Group justify="flex-end"><Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>{t("connect.cancel")}</Button></Group>
      </Stack>
    </Card>
  );
}
