/** One site in full: data, certificate, name, trust. */
import { Drawer, Group, Stack, Tabs, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatCount, formatDateTime } from "@shared/format/format";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Facts } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { Site } from "@app/api/schemas";
import { useRenameSite } from "@app/features/sites/api/useSites";
import { SiteConnection } from "@app/features/sites/components/SiteConnection";
import { SiteContributions } from "@app/features/sites/components/SiteContributions";
import { SiteData } from "@app/features/sites/components/SiteData";
import { SiteChip } from "@app/features/sites/components/SiteTable";
import { SiteTrust } from "@app/features/sites/components/SiteTrust";

export function SiteDrawer({ site, onClose }: { site: Site | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Drawer opened={site !== undefined} onClose={onClose} size="lg" title={<Text fw={650} size="lg">{site?.name}</Text>} closeButtonProps={{ "aria-label": t("site.close") }}>
      {site !== undefined && <SiteTabs key={site.id} site={site} />}
    </Drawer>
  );
}

const PARTS = ["overview", "data", "history", "connection"] as const;

function SiteTabs({ site }: { site: Site }) {
  const { t } = useTranslation();
  return (
    <Tabs defaultValue="overview" keepMounted={false}>
      <Tabs.List mb="md" aria-label={site.name}>{PARTS.map((part) => <Tabs.Tab key={part} value={part}>{t(`siteTabs.${part}`)}</Tabs.Tab>)}</Tabs.List>
      <Tabs.Panel value="overview"><SiteDetails site={site} /></Tabs.Panel>
      <Tabs.Panel value="data"><SiteData site={site} /></Tabs.Panel>
      <Tabs.Panel value="history"><SiteContributions id={site.id} /></Tabs.Panel>
      <Tabs.Panel value="connection"><SiteConnection id={site.id} /></Tabs.Panel>
    </Tabs>
  );
}

function SiteDetails({ site }: { site: Site }) {
  const { t } = useTranslation();
  const { data } = site;
  return (
    <Stack gap="lg">
      <Group><SiteChip site={site} /></Group>
      <Facts items={[
        [t("site.fingerprint"), <Fingerprint key="f" small value={site.fingerprint} label={t("site.fingerprint")} />],
        [t("site.lastSeen"), site.online ? t("sites.now") : site.last_seen === null ? t("sites.never") : <Ago key="a" at={site.last_seen} />],
        [t("site.software"), site.software ?? "–"],
        [t("site.certificate"), site.certificate_expires_at === null ? "–" : t("site.renews", { until: formatDateTime(site.certificate_expires_at) })],
        [t("site.studies"), data === null ? t("site.untold") : t("sites.usable", { usable: formatCount(data.studies_usable), total: formatCount(data.studies_total) })],
        [t("site.newStudies"), formatCount(site.new_studies)],
        [t("site.sessions"), formatCount(site.sessions)],
      ]} />
      <RenameSite site={site} />
      <SiteTrust site={site} />
    </Stack>
  );
}

function RenameSite({ site }: { site: Site }) {
  const { t } = useTranslation();
  const [name, setName] = useState(site.name);
  const rename = useRenameSite();
  const fit = name.trim() !== "" && name.trim() !== site.name;
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (fit) rename.mutate({ id: site.id, name: name.trim() }); }}>
      <Group align="flex-end" gap="xs">
        <TextInput style={{ flex: 1 }} label={t("site.name")} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <ActButton type="submit" variant="default" disabled={!fit} loading={rename.isPending}>{t("site.rename")}</ActButton>
      </Group>
      {rename.isError && <Problem error={rename.error} />}
    </form>
  );
}
