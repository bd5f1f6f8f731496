/** Notices by e-mail and webhook: what, where, a test, and what was sent lately. */
import { Checkbox, Group, PasswordInput, Select, SimpleGrid, Stack, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { useNotices, useSetNotices, useTestNotice, type Channel, type Notices } from "@shared/settings/api";
import { LatestNotices } from "@shared/settings/LatestNotices";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

/** Each in its own words, as the switch of the page has them. */
const LANGUAGES = [{ value: "en", label: "English" }, { value: "de", label: "Deutsch" }] as const;
const SECURITY = ["starttls", "tls", "none"] as const;

interface NoticeSettingsProps {
  /** What a notice of this app may be about. */
  kinds: readonly string[];
  /** Why nothing can be changed here by whoever looks; absent where it can. */
  locked?: string;
}

interface ChannelProps {
  kinds: readonly string[];
  present: Notices;
}

export function NoticeSettings({ kinds, locked }: NoticeSettingsProps) {
  const { t } = useTranslation("shared");
  const notices = useNotices();
  return <Resource query={notices} label={t("saving.loading")}>{(present) => 
    <Stack gap="md">
      {locked !== undefined && <Notice tone="neutral" title={locked} />}
      <fieldset className="plain" disabled={locked !== undefined} aria-label={t("notices.settings")}><Stack gap="md"><Mail kinds={kinds} present={present} /><Webhook kinds={kinds} present={present} /></Stack></fieldset>
      <LatestNotices rows={present.latest} />
    </Stack>
  }</Resource>;
}

const differs = (draft: object, present: object) => JSON.stringify(draft) !== JSON.stringify(present);

function Mail({ kinds, present }: ChannelProps) {
  const { t } = useTranslation("shared");
  const [mail, setMail] = useState(present.mail);
  const [password, setPassword] = useState("");
  const save = useSetNotices();
  const send = () => save.mutate({ mail, webhook: present.webhook, mail_password: password === "" ? null : password, webhook_secret: null }, { onSuccess: () => setPassword("") });
  return (
    <Card title={t("notices.mail")} note={t("notices.mailNote")} aside={<Switch label={t("notices.enabled")} aria-label={t("notices.mailOn")} checked={mail.enabled} onChange={(event) => setMail({ ...mail, enabled: event.currentTarget.checked })} />}>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" style={{ alignItems: "end" }}>
          <TextInput label={t("notices.host")} value={mail.host} onChange={(event) => setMail({ ...mail, host: event.currentTarget.value })} />
          <NumberField label={t("notices.port")} min={1} max={65_535} allowDecimal={false} value={mail.port} onChange={(value) => setMail({ ...mail, port: Number(value) })} />
          <Select label={t("notices.security")} allowDeselect={false} data={SECURITY.map((value) => ({ value, label: t(`notices.securityOf.${value}`) }))} value={mail.security} onChange={(value) => setMail({ ...mail, security: SECURITY.find((known) => known === value) ?? "starttls" })} />
          <TextInput label={t("notices.username")} description={t("notices.usernameNote")} autoComplete="off" value={mail.username} onChange={(event) => setMail({ ...mail, username: event.currentTarget.value })} />
          <PasswordInput label={t("notices.password")} description={t(present.has_mail_password ? "notices.secretKept" : "notices.secretNone")} autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          <TextInput label={t("notices.sender")} value={mail.sender} onChange={(event) => setMail({ ...mail, sender: event.currentTarget.value })} />
        </SimpleGrid>
        <TagsInput mt="md" label={t("notices.recipients")} description={t("notices.recipientsNote")} maxTags={20} splitChars={[",", " ", ";"]} acceptValueOnBlur value={mail.recipients} onChange={(recipients) => setMail({ ...mail, recipients })} clearButtonProps={{ "aria-label": t("notices.clear") }} />
        <Select mt="md" maw={320} label={t("notices.language")} allowDeselect={false} data={LANGUAGES} value={mail.language} onChange={(value) => setMail({ ...mail, language: value === "de" ? "de" : "en" })} />
        <Direct value={mail.direct} onChange={(direct) => setMail({ ...mail, direct })} />
        <Kinds all={kinds} chosen={mail.kinds} onChange={(chosen) => setMail({ ...mail, kinds: chosen })} />
        <Foot channel="mail" save={save} changed={password !== "" || differs(mail, present.mail)} />
      </form>
    </Card>
  );
}

function Webhook({ kinds, present }: ChannelProps) {
  const { t } = useTranslation("shared");
  const [webhook, setWebhook] = useState(present.webhook);
  const [secret, setSecret] = useState("");
  const save = useSetNotices();
  const send = () => save.mutate({ mail: present.mail, webhook, webhook_secret: secret === "" ? null : secret, mail_password: null }, { onSuccess: () => setSecret("") });
  return (
    <Card title={t("notices.webhook")} note={t("notices.webhookNote")} aside={<Switch label={t("notices.enabled")} aria-label={t("notices.webhookOn")} checked={webhook.enabled} onChange={(event) => setWebhook({ ...webhook, enabled: event.currentTarget.checked })} />}>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <TextInput label={t("notices.url")} description={t("notices.urlNote")} value={webhook.url} onChange={(event) => setWebhook({ ...webhook, url: event.currentTarget.value })} />
          <PasswordInput label={t("notices.secret")} description={t(present.has_webhook_secret ? "notices.secretKept" : "notices.signNote")} autoComplete="new-password" value={secret} onChange={(event) => setSecret(event.currentTarget.value)} />
        </SimpleGrid>
        <Direct value={webhook.direct} onChange={(direct) => setWebhook({ ...webhook, direct })} />
        <Kinds all={kinds} chosen={webhook.kinds} onChange={(chosen) => setWebhook({ ...webhook, kinds: chosen })} />
        <Foot channel="webhook" save={save} changed={secret !== "" || differs(webhook, present.webhook)} />
      </form>
    </Card>
  );
}

/** Whether the site's proxy is left out; nothing where a daemon knows no proxy. */
function Direct({ value, onChange }: { value: boolean | undefined; onChange: (value: boolean) => void }) {
  const { t } = useTranslation("shared");
  if (value === undefined) return null;
  return <Checkbox mt="md" label={t("notices.direct")} description={t("notices.directNote")} checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />;
}

function Kinds({ all, chosen, onChange }: { all: readonly string[]; chosen: readonly string[]; onChange: (kinds: string[]) => void }) {
  const { t } = useTranslation("shared");
  return (
    <Checkbox.Group mt="md" label={t("notices.kinds")} value={[...chosen]} onChange={(values) => onChange(all.filter((kind) => values.includes(kind)))}>
      <Group gap="md" mt={6}>{all.map((kind) => <Checkbox key={kind} value={kind} label={t(`notices.kindOf.${kind}`)} />)}</Group>
    </Checkbox.Group>
  );
}

/** A test goes by what is saved, so it waits until the changes are. */
function Foot({ channel, save, changed }: { channel: Channel; save: ReturnType<typeof useSetNotices>; changed: boolean }) {
  const { t } = useTranslation("shared");
  const test = useTestNotice();
  return (
    <>
      {save.isError && <Problem error={save.error} />}
      {test.isError && <Problem error={test.error} />}
      <Group mt="md" gap="sm">
        <ActButton type="submit" loading={save.isPending}>{t("saving.save")}</ActButton>
        <ActButton variant="default" disabled={changed} loading={test.isPending} onClick={() => test.mutate(channel)}>{t("notices.test")}</ActButton>
        {save.isSuccess && !changed && <Text size="sm" c="dimmed" role="status">{t("saving.saved")}</Text>}
        {test.isSuccess && !changed && <Text size="sm" role="status">{t("notices.tested", { answer: test.data.answer })}</Text>}
      </Group>
    </>
  );
}
