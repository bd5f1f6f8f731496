/** The hospital's HTTP proxy: address, sign-in, its authority; and what no proxy setting can mend. */
import { Group, PasswordInput, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

import type { Proxy } from "@app/api/schemas.network";
import { useProxy, useSetProxy } from "@app/features/network/api/useProxy";

/** `locked` says why nothing can be changed here by whoever looks. */
export function ProxyCard({ locked }: { locked?: string }) {
  const { t } = useTranslation();
  const proxy = useProxy();
  return <Resource query={proxy} label={t("proxy.loading")}>{(present) => <ProxyForm present={present} locked={locked} />}</Resource>;
}

function ProxyForm({ present, locked }: { present: Proxy; locked?: string }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(present);
  const [password, setPassword] = useState("");
  const save = useSetProxy();
  const fixed = present.fixed || locked !== undefined;
  const elsewhere = draft.url.replace(/\/$/, "") !== present.url;
  const change = (values: Partial<Proxy>) => { setDraft({ ...draft, ...values }); save.reset(); };
  const send = () => save.mutate(
    { url: draft.url.trim(), username: draft.username, ca_file: draft.ca_file, password: password === "" ? null : password },
    { onSuccess: (view) => { setPassword(""); setDraft(view); } },
  );
  return (
    <Card title={t("proxy.title")} note={t("proxy.note")}>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <Stack gap="md">
          {fixed && <Notice tone={present.fixed ? "info" : "neutral"} title={present.fixed ? t("proxy.fixed") : locked} />}
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
            <TextInput label={t("proxy.url")} description={t("proxy.urlNote")} disabled={fixed} value={draft.url} onChange={(event) => change({ url: event.currentTarget.value })} />
            <TextInput label={t("proxy.ca")} description={t("proxy.caNote")} disabled={fixed} value={draft.ca_file} onChange={(event) => change({ ca_file: event.currentTarget.value })} />
            <TextInput label={t("proxy.username")} description={t("proxy.usernameNote")} disabled={fixed} autoComplete="off" value={draft.username} onChange={(event) => change({ username: event.currentTarget.value })} />
            <PasswordInput label={t("proxy.password")} description={t(present.has_password ? (elsewhere ? "proxy.another" : "proxy.kept") : "proxy.none")} disabled={fixed} autoComplete="new-password" value={password} onChange={(event) => { setPassword(event.currentTarget.value); save.reset(); }} />
          </SimpleGrid>
          <Notice tone="neutral" title={t("proxy.inspection")}>{t("proxy.inspectionNote")}</Notice>
          {save.isError && <Problem error={save.error} />}
          {!fixed && (
            <Group gap="sm">
              <ActButton type="submit" loading={save.isPending}>{t("proxy.save")}</ActButton>
              {save.isSuccess && <Text size="sm" c="dimmed" role="status">{t("proxy.saved")}</Text>}
            </Group>
          )}
        </Stack>
      </form>
    </Card>
  );
}
