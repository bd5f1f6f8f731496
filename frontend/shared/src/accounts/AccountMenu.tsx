/** What can be done with somebody's account. */
import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconLink, IconTrash, IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { OWNER, useInviteAgain, useRemoveAccount, type Account } from "@shared/accounts/api";
import { InvitationLink } from "@shared/accounts/InviteAccount";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { useFocusHome } from "@shared/ui/useFocusHome";

type Asking = "remove" | "again" | null;

export function AccountMenu({ account, onState }: { account: Account; onState: (state: "active" | "disabled") => void }) {
  const { t } = useTranslation("shared");
  const [asking, setAsking] = useState<Asking>(null);
  const remove = useRemoveAccount();
  const again = useInviteAgain();
  const button = useRef<HTMLButtonElement>(null);
  useFocusHome(asking !== null);
  // The entry goes with the menu; the button stays, so it is what the focus returns to.
  const ask = (what: Asking) => { button.current?.focus(); setAsking(what); };
  const { name } = account;
  const own = account.id === OWNER;
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target><ActionIcon ref={button} variant="default" size={30} aria-label={t("accounts.actionsOf", { name })}><IconDots size={16} /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          {account.state === "active" && <Menu.Item leftSection={<IconUserOff size={16} />} onClick={() => onState("disabled")}>{t("accounts.disable")}</Menu.Item>}
          {account.state === "disabled" && <Menu.Item leftSection={<IconUserCheck size={16} />} onClick={() => onState("active")}>{t("accounts.enable")}</Menu.Item>}
          {!own && <Menu.Item leftSection={<IconLink size={16} />} onClick={() => ask("again")}>{t("accounts.newLink")}</Menu.Item>}
          {!own && <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => ask("remove")}>{t("accounts.remove")}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog opened={asking === "remove"} title={t("accounts.removeTitle", { name })} lead={t("accounts.removeLead")} consequences={[t("accounts.removeOne"), t("accounts.removeTwo")]}
        confirm={t("accounts.remove")} busy={remove.isPending} error={remove.error} onClose={() => setAsking(null)} onConfirm={() => remove.mutate(account.id)} />
      <ConfirmDialog opened={asking === "again" && again.data === undefined} destructive={false} title={t("accounts.againTitle", { name })} lead={t("accounts.againLead")} consequences={[t("accounts.againOne"), t("accounts.againTwo")]}
        confirm={t("accounts.newLink")} busy={again.isPending} error={again.error} onClose={() => setAsking(null)} onConfirm={() => again.mutate(account.id)} />
      <InvitationLink invited={asking === "again" ? again.data : undefined} onClose={() => { setAsking(null); again.reset(); }} />
    </>
  );
}
