/** The program itself: what holds from the next start on, and what it is made of. */
import { Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { Notice } from "@shared/ui/Chip";
import { Card, Facts } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Problem, Resource } from "@shared/ui/states";

import { useAbout, useDaemonSettings, useSetDaemon, type DaemonSettings } from "@app/features/settings/api/useSettings";

export function NextStartCard() {
  const { t } = useTranslation();
  const settings = useDaemonSettings();
  return <Resource query={settings} label={t("system.loading")}>{(data) => <NextStartForm data={data} />}</Resource>;
}

function NextStartForm({ data }: { data: DaemonSettings }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(data.next);
  const save = useSetDaemon();
  const changed = draft.public_host !== data.next.public_host || draft.upload_limit_mib !== data.next.upload_limit_mib;
  const waits = data.next.public_host !== data.present.public_host || data.next.upload_limit_mib !== data.present.upload_limit_mib;
  const fixed = (name: keyof typeof draft) => data.fixed.includes(name);
  return (
    <Card title={t("nextStart.title")} note={t("nextStart.note")}>
      <form onSubmit={(event) => { event.preventDefault(); save.mutate(draft); }}>
        <Stack gap="md">
          <TextInput label={t("nextStart.host")} description={fixed("public_host") ? t("nextStart.fixed") : t("nextStart.hostNote")} disabled={fixed("public_host")} value={draft.public_host} onChange={(event) => setDraft({ ...draft, public_host: event.currentTarget.value.trim() })} />
          <NumberField label={t("nextStart.upload")} description={fixed("upload_limit_mib") ? t("nextStart.fixed") : t("nextStart.uploadNote")} disabled={fixed("upload_limit_mib")} min={1} max={1_000_000} allowDecimal={false} value={draft.upload_limit_mib} onChange={(value) => setDraft({ ...draft, upload_limit_mib: Number(value) })} />
          {draft.public_host !== data.present.public_host && <Notice tone="warning" title={t("nextStart.hostWarn", { address: data.public_address })}>{t("nextStart.hostMeans", { count: data.open_invitations })}</Notice>}
          {waits && !changed && <Notice live tone="info" title={t("nextStart.waits")}>{t("nextStart.restart")}</Notice>}
          {save.isError && <Problem error={save.error} />}
          <Group><ActButton type="submit" disabled={!changed || draft.public_host === "" || !(draft.upload_limit_mib >= 1)} loading={save.isPending}>{t("settings.save")}</ActButton></Group>
        </Stack>
      </form>
    </Card>
  );
}

export function AboutCard() {
  const { t } = useTranslation();
  const about = useAbout();
  return (
    <Resource query={about} label={t("system.loading")}>
      {(data) => (
        <Card title={t("about.title")}>
          <Facts items={[
            [t("system.version"), data.version], [t("about.licence"), data.licence], ["Python", data.python],
            [t("about.home"), <span key="h" className="mono">{data.home}</span>],
          ]} />
          <Text fw={600} size="sm" mt="md" mb="xs">{t("about.components")}</Text>
          <ScrollTable label={t("about.components")} maxHeight={260} fit>
            <Table aria-label={t("about.components")} verticalSpacing={4}>
              <Table.Thead><Table.Tr><Table.Th scope="col">{t("about.name")}</Table.Th><Table.Th scope="col">{t("system.version")}</Table.Th><Table.Th scope="col">{t("about.licence")}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>{data.components.map((part) => <Table.Tr key={part.name}><Table.Td>{part.name}</Table.Td><Table.Td className="num">{part.version}</Table.Td><Table.Td><Text size="sm" style={{ overflowWrap: "anywhere" }}>{part.licence}</Text></Table.Td></Table.Tr>)}</Table.Tbody>
            </Table>
          </ScrollTable>
        </Card>
      )}
    </Resource>
  );
}
