/** People; this site and its certificate; what this computer gives; notices; the way out; the program. */
import { Button, SimpleGrid, Stack } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { AccountsCard } from "@shared/accounts/AccountsCard";
import { useMe } from "@shared/accounts/api";
import { OwnAccountCard } from "@shared/accounts/OwnAccountCard";
import { AboutCard } from "@shared/settings/AboutCard";
import { NextStartCard } from "@shared/settings/NextStartCard";
import { NoticeSettings } from "@shared/settings/NoticeSettings";
import { ChildrenList } from "@shared/ui/ChildrenList";
import { Card, Page } from "@shared/ui/Page";
import { PageTabs } from "@shared/ui/PageTabs";
import { Resource } from "@shared/ui/states";

import { RelationCard } from "@app/features/enrolment/components/RelationCard";
import { useStorage } from "@app/features/intake/api/useStorage";
import { StorageCard } from "@app/features/intake/components/StorageCard";
import { ProxyCard } from "@app/features/network/components/ProxyCard";
import { ResourcesCard } from "@app/features/resources/components/ResourcesCard";
import { useSystem } from "@app/features/system/api/useSystem";

const PARTS = ["people", "site", "computer", "notices", "network", "program"] as const;
const VIEWS = { people: People, site: Site, computer: Computer, notices: Notices, network: Network, program: Program };
const NOTICE_KINDS = ["request", "reminder", "training", "failure", "model", "import", "storage", "connection", "certificate"] as const;
const [MOST_PORT, MOST_MIB, MOST_DAYS] = [65_535, 1_000_000, 365];
const page = getRouteApi("/settings");

export function SettingsPage() {
  const { t } = useTranslation();
  const { part: wanted } = page.useSearch();
  const go = page.useNavigate();
  const chosen = PARTS.find((part) => part === wanted) ?? "people";
  return (
    <Page title={t("nav.settings")} intro={t("settings.intro")}>
      <PageTabs label={t("nav.settings")} parts={PARTS} nameOf={(part) => t(`settings.${part}Tab`)} views={VIEWS} chosen={chosen} onChoose={(part) => void go({ search: { part }, replace: true })} />
    </Page>
  );
}

/** Why something cannot be changed by whoever is signed in; undefined where it can. */
function useLocked(): string | undefined {
  const { t } = useTranslation();
  const role = useMe().data?.role;
  return role === undefined || role === "administrator" ? undefined : t("program.locked");
}

function People() {
  const managing = useMe().data?.manages_accounts ?? false;
  return <Stack gap="md">{managing && <AccountsCard />}<OwnAccountCard /></Stack>;
}

function Site() {
  const { t } = useTranslation();
  const system = useSystem();
  const locked = useLocked();
  return <Resource query={system} label={t("settings.loading")}>{(data) => <div style={{ maxWidth: 760 }}><RelationCard connection={data.connection} locked={locked} /></div>}</Resource>;
}

function Computer() {
  return <Stack gap="md" maw={860}><StorageCard /><ResourcesCard /></Stack>;
}

function Notices() {
  return <div style={{ maxWidth: 1040 }}><NoticeSettings kinds={NOTICE_KINDS} locked={useLocked()} /></div>;
}

function Network() {
  const { t } = useTranslation();
  return (
    <Stack gap="md" maw={860}>
      <ProxyCard locked={useLocked()} />
      <Card title={t("preflight.open")} note={t("preflight.openNote")}><div><Button variant="default" renderRoot={(props) => <Link to="/check" {...props} />}>{t("preflight.goThere")}</Button></div></Card>
    </Stack>
  );
}

function Program() {
  const { t } = useTranslation();
  const locked = useLocked();
  const system = useSystem();
  const storage = useStorage();
  const mono = (key: string, text: string) => <span key={key} className="mono" style={{ overflowWrap: "anywhere" }}>{text}</span>;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: "start" }}>
      <Stack gap="md">
        <NextStartCard
          locked={locked}
          fields={[
            { name: "headless", kind: "switch", inverted: true, label: t("program.window"), note: t("program.windowNote") },
            { name: "port", kind: "number", least: 0, most: MOST_PORT, label: t("program.port"), note: t("program.portNote") },
            { name: "login_days", kind: "number", least: 1, most: MOST_DAYS, label: t("program.signedIn"), note: t("program.signedInNote") },
            { name: "upload_limit_mib", kind: "number", least: 1, most: MOST_MIB, label: t("program.upload"), note: t("program.uploadNote") },
            { name: "reserve_mib", kind: "number", least: 0, most: MOST_MIB, label: t("program.reserve"), note: t("program.reserveNote") },
          ]}
        />
        <Resource query={system} label={t("program.loading")}>{(data) => <Card title={t("settings.processes")} note={t("settings.processesNote")}><ChildrenList rows={data.children} /></Card>}</Resource>
      </Stack>
      <AboutCard more={[
        [t("program.data"), mono("data", storage.data?.folder ?? "–")], [t("program.protocol"), system.data?.protocol ?? "–"],
        [t("program.docs"), t("program.docsNote")], [t("program.backup"), mono("backup", t("program.backupNote"))],
      ]} />
    </SimpleGrid>
  );
}
