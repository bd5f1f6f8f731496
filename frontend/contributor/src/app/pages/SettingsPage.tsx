/** People and accounts; this site and its certificate; the way out; the program. */
import { Button, SimpleGrid, Stack, Tabs } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { AccountsCard } from "@shared/accounts/AccountsCard";
import { useMe } from "@shared/accounts/api";
import { OwnAccountCard } from "@shared/accounts/OwnAccountCard";
import { ChildrenList } from "@shared/ui/ChildrenList";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import { RelationCard } from "@app/features/enrolment/components/RelationCard";
import { ProxyCard } from "@app/features/network/components/ProxyCard";
import { useSystem } from "@app/features/system/api/useSystem";

const PARTS = ["people", "site", "network", "program"] as const;
const VIEWS = { people: People, site: Site, network: Network, program: Program };

export function SettingsPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("nav.settings")} intro={t("settings.intro")}>
      <Tabs defaultValue="people" keepMounted={false}>
        <Tabs.List mb="md" aria-label={t("nav.settings")}>{PARTS.map((part) => <Tabs.Tab key={part} value={part}>{t(`settings.${part}Tab`)}</Tabs.Tab>)}</Tabs.List>
        {PARTS.map((part) => { const View = VIEWS[part]; return <Tabs.Panel key={part} value={part}><View /></Tabs.Panel>; })}
      </Tabs>
    </Page>
  );
}

function People() {
  const managing = useMe().data?.manages_accounts ?? false;
  return <Stack gap="md">{managing && <AccountsCard />}<OwnAccountCard /></Stack>;
}

function Site() {
  const { t } = useTranslation();
  const system = useSystem();
  return <Resource query={system} label={t("settings.loading")}>{(data) => <div style={{ maxWidth: 760 }}><RelationCard connection={data.connection} /></div>}</Resource>;
}

function Network() {
  const { t } = useTranslation();
  return (
    <Stack gap="md" maw={860}>
      <ProxyCard />
      <Card title={t("preflight.open")} note={t("preflight.openNote")}><div><Button variant="default" renderRoot={(props) => <Link to="/check" {...props} />}>{t("preflight.open")}</Button></div></Card>
    </Stack>
  );
}

function Program() {
  const { t } = useTranslation();
  const system = useSystem();
  return (
    <Resource query={system} label={t("settings.loading")}>
      {(data) => (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: "start" }}>
          <Card title={t("settings.processes")} note={t("settings.processesNote")}><ChildrenList rows={data.children} /></Card>
          <Card title={t("settings.program")} note={t("settings.backupNote")}><Facts items={[[t("settings.version"), data.version], [t("settings.protocol"), data.protocol]]} /></Card>
        </SimpleGrid>
      )}
    </Resource>
  );
}
