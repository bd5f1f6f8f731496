/** The own account: password, and the browsers that are signed in. */
import { Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { IconDeviceDesktop, IconKey } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useEndSignIn, useMe, useSetPassword, useSignIns, type Me } from "@shared/accounts/api";
import { formatDateTime } from "@shared/format/format";
import { Chip, Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

const SHORTEST = 12;

export function OwnAccountCard() {
  const { t } = useTranslation("shared");
  const me = useMe();
  return (
    <Card title={t("accounts.own")} note={me.data === undefined ? undefined : t("accounts.youAre", { name: me.data.name, role: t(`accounts.role.${me.data.role}`) })}>
      <Resource query={me} label={t("accounts.loading")}>
        {(data) => <Stack gap="lg"><PasswordForm me={data} /><SignIns /></Stack>}
      </Resource>
    </Card>
  );
}

function PasswordForm({ me }: { me: Me }) {
  const { t } = useTranslation("shared");
  const set = useSetPassword();
  const [present, setPresent] = useState("");
  const [wanted, setWanted] = useState("");
  const [again, setAgain] = useState("");
  const unequal = again !== "" && again !== wanted;
  const ready = wanted.length >= SHORTEST && wanted === again && (!me.has_password || present !== "");
  const submit = () => set.mutate({ present: me.has_password ? present : null, new: wanted }, { onSuccess: () => { setPresent(""); setWanted(""); setAgain(""); } });
  return (
    <form onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <Stack gap="sm" maw={420}>
        {!me.has_password && <Text size="sm" c="dimmed">{t("accounts.noPassword")}</Text>}
        <input type="text" autoComplete="username" value={me.name} readOnly hidden />
        {me.has_password && <PasswordInput label={t("accounts.present")} autoComplete="current-password" value={present} onChange={(event) => setPresent(event.currentTarget.value)} />}
        <PasswordInput label={t("accounts.new")} description={t("accounts.rule", { shortest: SHORTEST })} autoComplete="new-password" value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} />
        <PasswordInput label={t("accounts.again")} autoComplete="new-password" value={again} error={unequal ? t("accounts.unequal") : undefined} onChange={(event) => setAgain(event.currentTarget.value)} />
        {set.isError && <Problem error={set.error} />}
        {set.isSuccess && <Notice live tone="success" title={t("accounts.saved")}>{t("accounts.savedText")}</Notice>}
        <Group><Button type="submit" variant="default" leftSection={<IconKey size={16} />} disabled={!ready} loading={set.isPending}>{t(me.has_password ? "accounts.change" : "accounts.set")}</Button></Group>
      </Stack>
    </form>
  );
}

function SignIns() {
  const { t } = useTranslation("shared");
  const signIns = useSignIns();
  const end = useEndSignIn();
  return (
    <Resource query={signIns} label={t("accounts.loading")}>
      {({ items }) => (
        <div>
          <Text fw={600} size="sm" mb={6}>{t("accounts.browsers")}</Text>
          <Stack component="ul" gap="xs" m={0} p={0} style={{ listStyle: "none" }}>
            {items.map((item) => (
              <Group component="li" key={item.id} gap="sm" wrap="nowrap" justify="space-between">
                <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
                  <IconDeviceDesktop size={20} aria-hidden="true" style={{ flex: "none" }} />
                  <div style={{ minWidth: 0 }}>
                    <Group gap={6}><Text size="sm" fw={550}>{item.browser}</Text>{item.current && <Chip tone="success">{t("accounts.here")}</Chip>}</Group>
                    <Text size="xs" c="dimmed">{t("accounts.since", { since: formatDateTime(item.created_at), until: formatDateTime(item.expires_at) })}</Text>
                  </div>
                </Group>
                {!item.current && <Button size="xs" variant="default" aria-label={t("accounts.endOf", { browser: item.browser })} loading={end.isPending && end.variables === item.id} onClick={() => end.mutate(item.id)}>{t("accounts.end")}</Button>}
              </Group>
            ))}
          </Stack>
          {end.isError && <Problem error={end.error} />}
        </div>
      )}
    </Resource>
  );
}
