/** Who is signed in, with the way to the own account and out. */
import { Avatar, Menu, Modal, Text, UnstyledButton, useMantineTheme } from "@mantine/core";
import { IconEye, IconLogout, IconUserCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useMe, useSignOut } from "@shared/accounts/api";
import { Chip } from "@shared/ui/Chip";
import { Problem } from "@shared/ui/states";

/** First letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  return [words[0], words.length > 1 ? words[words.length - 1] : undefined].map((word) => word?.[0] ?? "").join("").toUpperCase();
}

export function UserMenu({ settings }: { settings: (props: Record<string, unknown>) => ReactNode }) {
  const { t } = useTranslation("shared");
  const { primaryColor } = useMantineTheme();
  const me = useMe();
  const signOut = useSignOut();
  if (me.data === undefined) return null;
  const { name, role, can_act: canAct } = me.data;
  return (
    <>
      {!canAct && <Text span visibleFrom="sm" display="inline-flex"><Chip icon={IconEye}>{t("accounts.looking")}</Chip></Text>}
      <Menu position="bottom-end" width={240} withinPortal={false}>
        <Menu.Target>
          <UnstyledButton aria-label={t("accounts.menu", { name, letters: initials(name) })}><Avatar size={36} radius="xl" variant="light" color={primaryColor}>{initials(name)}</Avatar></UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label><Text span fw={650} size="sm" c="var(--text)">{name}</Text><br />{t(`accounts.role.${role}`)}</Menu.Label>
          <Menu.Item leftSection={<IconUserCircle size={17} />} renderRoot={settings}>{t("accounts.own")}</Menu.Item>
          <Menu.Item leftSection={<IconLogout size={17} />} onClick={() => signOut.mutate()}>{t("accounts.signOut")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={signOut.isError} onClose={signOut.reset} title={<Text fw={650} size="lg">{t("accounts.notSignedOut")}</Text>} closeButtonProps={{ "aria-label": t("dialog.close") }}>
        <Problem error={signOut.error} onRetry={() => signOut.mutate()} />
      </Modal>
    </>
  );
}
