/** Makes an invitation and hands it over: as a file, a QR code and text, shown once. */
import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconDownload, IconMailForward } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatDateTime } from "@shared/format/format";
import { saveText } from "@shared/format/save";
import { Notice } from "@shared/ui/Chip";
import { CopyBlock } from "@shared/ui/CopyBlock";
import { Problem } from "@shared/ui/states";

import type { InvitationIssued } from "@app/api/schemas";
import { useInvite } from "@app/features/sites/api/useSites";
import { QrCode } from "@app/features/sites/components/QrCode";

const HOURS = ["24", "72", "168", "720"];

export function InviteDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const invite = useInvite();
  const close = () => { onClose(); invite.reset(); };
  return (
    <Modal opened={opened} onClose={close} size="lg" title={<Text fw={650} size="lg">{t("invite.title")}</Text>} closeButtonProps={{ "aria-label": t("invite.close") }}>
      {invite.data === undefined ? <InviteForm invite={invite} /> : <Issued issued={invite.data} onDone={close} />}
    </Modal>
  );
}

function InviteForm({ invite }: { invite: ReturnType<typeof useInvite> }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [hours, setHours] = useState("72");
  return (
    <form onSubmit={(event) => { event.preventDefault(); invite.mutate({ site_name: name.trim() === "" ? null : name.trim(), valid_hours: Number(hours) }); }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">{t("invite.lead")}</Text>
        <TextInput label={t("invite.name")} description={t("invite.nameNote")} placeholder={t("invite.namePlaceholder")} maxLength={80} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Select label={t("invite.valid")} allowDeselect={false} data={HOURS.map((value) => ({ value, label: t(`invite.hours.${value}`) }))} value={hours} onChange={(value) => setHours(value ?? "72")} />
        {invite.isError && <Problem error={invite.error} />}
        <Group justify="flex-end"><Button type="submit" loading={invite.isPending} leftSection={<IconMailForward size={17} />}>{t("invite.create")}</Button></Group>
      </Stack>
    </form>
  );
}

function Issued({ issued, onDone }: { issued: InvitationIssued; onDone: () => void }) {
  const { t } = useTranslation();
  const download = () => saveText(issued.filename, issued.file);
  return (
    <Stack gap="md">
      <Notice live tone="success" title={t("invite.ready")}>{t("invite.once", { until: formatDateTime(issued.invitation.expires_at) })}</Notice>
      <div>
        <Text fw={600} size="sm" mb={6}>{t("invite.asFile")}</Text>
        <Button variant="light" leftSection={<IconDownload size={17} />} onClick={download}>{t("invite.download", { name: issued.filename })}</Button>
      </div>
      <QrCode issued={issued} />
      <CopyBlock label={t("invite.asText")} text={issued.text} rows={6} />
      <Text size="sm" c="dimmed">{t("invite.next")}</Text>
      <Group justify="flex-end"><Button onClick={onDone}>{t("invite.done")}</Button></Group>
    </Stack>
  );
}
