/** Invites a person to these pages: name and role, then a link that is shown once. */
import { Button, Group, Modal, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useInviteAccount, type Account } from "@shared/accounts/api";
import { formatDateTime } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { CopyBlock } from "@shared/ui/CopyBlock";
import { Problem } from "@shared/ui/states";
import { useFocusHome } from "@shared/ui/useFocusHome";

interface Invited { account: Account; link: string }

export function InviteAccount({ opened, roles, onClose }: { opened: boolean; roles: readonly string[]; onClose: () => void }) {
  const { t } = useTranslation("shared");
  const invite = useInviteAccount();
  const [name, setName] = useState("");
  const [role, setRole] = useState(roles[0] ?? "");
  useFocusHome(opened);
  const close = () => { onClose(); invite.reset(); setName(""); };
  if (invite.data !== undefined) return <InvitationLink invited={opened ? invite.data : undefined} onClose={close} />;
  return (
    <Modal opened={opened} onClose={close} title={<Text fw={650} size="lg">{t("accounts.invite")}</Text>} closeButtonProps={{ "aria-label": t("dialog.close") }}>
      <form onSubmit={(event) => { event.preventDefault(); invite.mutate({ name: name.trim(), role }); }}>
        <Stack gap="md">
          <TextInput label={t("accounts.name")} description={t("accounts.nameNote")} maxLength={80} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Radio.Group label={t("accounts.roleHead")} value={role} onChange={setRole}>
            <Stack gap="xs" mt={6}>{roles.map((one) => <Radio key={one} value={one} label={t(`accounts.role.${one}`)} description={t(`accounts.roleNote.${one}`)} />)}</Stack>
          </Radio.Group>
          {invite.isError && <Problem error={invite.error} />}
          <Group justify="flex-end"><Button type="submit" disabled={name.trim() === ""} loading={invite.isPending}>{t("accounts.makeLink")}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The link of an invitation, shown once. */
export function InvitationLink({ invited, onClose }: { invited: Invited | undefined; onClose: () => void }) {
  const { t } = useTranslation("shared");
  return (
    <Modal opened={invited !== undefined} onClose={onClose} size="lg" title={<Text fw={650} size="lg">{t("accounts.linkTitle", { name: invited?.account.name ?? "" })}</Text>} closeButtonProps={{ "aria-label": t("dialog.close") }}>
      {invited !== undefined && (
        <Stack gap="md">
          <Notice live tone="success" title={t("accounts.linkReady")}>{t("accounts.linkOnce", { until: invited.account.invited_until === null ? "" : formatDateTime(invited.account.invited_until) })}</Notice>
          <CopyBlock label={t("accounts.link")} text={invited.link} rows={3} />
          <Text size="sm" c="dimmed">{t("accounts.linkWhere")}</Text>
          <Group justify="flex-end"><Button onClick={onClose}>{t("accounts.done")}</Button></Group>
        </Stack>
      )}
    </Modal>
  );
}
