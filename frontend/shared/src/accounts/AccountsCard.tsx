/** The people who may open these pages: invite, change the role, disable, remove. */
import { Button, Group, Select, Table, Text } from "@mantine/core";
import { IconMail, IconUser, IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { OWNER, useAccounts, useChangeAccount, useMe, type Account } from "@shared/accounts/api";
import { AccountMenu } from "@shared/accounts/AccountMenu";
import { InviteAccount } from "@shared/accounts/InviteAccount";
import { Chip, type Tone } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Problem, Resource } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

const TONE: Record<Account["state"], Tone> = { active: "success", invited: "info", disabled: "neutral" };

export function AccountsCard() {
  const { t } = useTranslation("shared");
  const accounts = useAccounts();
  const [inviting, setInviting] = useState(false);
  return (
    <Card title={t("accounts.title")} note={t("accounts.note")} aside={<Button size="sm" leftSection={<IconUserPlus size={17} />} onClick={() => setInviting(true)}>{t("accounts.invite")}</Button>}>
      <Resource query={accounts} label={t("accounts.loading")}>
        {({ items, roles }) => (
          <>
            <ScrollTable label={t("accounts.title")}>
              <Table aria-label={t("accounts.title")}>
                <Table.Thead>
                  <Table.Tr><Table.Th>{t("accounts.name")}</Table.Th><Table.Th>{t("accounts.roleHead")}</Table.Th><Table.Th>{t("accounts.stateHead")}</Table.Th><Table.Th>{t("accounts.seen")}</Table.Th><Table.Th><span className="visually-hidden">{t("accounts.actions")}</span></Table.Th></Table.Tr>
                </Table.Thead>
                <Table.Tbody>{items.map((account) => <Row key={account.id} account={account} roles={roles} />)}</Table.Tbody>
              </Table>
            </ScrollTable>
            <InviteAccount opened={inviting} roles={roles} onClose={() => setInviting(false)} />
          </>
        )}
      </Resource>
    </Card>
  );
}

function Row({ account, roles }: { account: Account; roles: readonly string[] }) {
  const { t } = useTranslation("shared");
  const me = useMe();
  const change = useChangeAccount();
  const isMe = me.data?.account_id === account.id;
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6}><Text span fw={600} size="sm">{account.name}</Text>{isMe && <Chip icon={IconUser}>{t("accounts.you")}</Chip>}</Group>
        <Text size="xs" c="dimmed">{t(account.id === OWNER ? "accounts.ownerNote" : account.has_password ? "accounts.withPassword" : "accounts.waiting")}</Text>
        {change.isError && <Problem error={change.error} />}
      </Table.Td>
      <Table.Td>
        {isMe ? t(`accounts.role.${account.role}`) : <Select size="xs" w={185} aria-label={t("accounts.roleOf", { name: account.name })} allowDeselect={false} value={account.role} disabled={change.isPending}
          data={roles.map((role) => ({ value: role, label: t(`accounts.role.${role}`) }))} onChange={(role) => { if (role !== null && role !== account.role) change.mutate({ id: account.id, change: { role } }); }} />}
      </Table.Td>
      <Table.Td><Chip tone={TONE[account.state]} icon={account.state === "invited" ? IconMail : undefined}>{t(`accounts.state.${account.state}`)}</Chip></Table.Td>
      <Table.Td>{account.last_seen === null ? t("accounts.never") : <Ago at={account.last_seen} />}</Table.Td>
      <Table.Td ta="right">{!isMe && <AccountMenu account={account} onState={(state) => change.mutate({ id: account.id, change: { state } })} />}</Table.Td>
    </Table.Tr>
  );
}
