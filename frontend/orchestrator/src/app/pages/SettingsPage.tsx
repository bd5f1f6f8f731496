/** Accounts and the own account; how the house runs; notices; the daemon itself. */
import { SimpleGrid, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { AccountsCard } from "@shared/accounts/AccountsCard";
import { useMe } from "@shared/accounts/api";
import { OwnAccountCard } from "@shared/accounts/OwnAccountCard";
import { AboutCard } from "@shared/settings/AboutCard";
import { NoticeSettings } from "@shared/settings/NoticeSettings";
import { ChildrenList } from "@shared/ui/ChildrenList";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card, Facts, Page } from "@shared/ui/Page";
import { PageTabs } from "@shared/ui/PageTabs";
import { Resource } from "@shared/ui/states";

import { HouseSettings } from "@app/features/settings/components/HouseSettings";
import { ProgramSettings } from "@app/features/settings/components/ProgramSettings";
import { useSystem } from "@app/features/system/api/useSystem";

const PARTS = ["people", "house", "notices", "program"] as const;
const NOTICE_KINDS = ["approval", "answer", "session", "failure", "data", "certificate"] as const;
const VIEWS = { people: People, house: HouseSettings, notices: Notices, program: Program };

export function SettingsPage() {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<(typeof PARTS)[number]>("people");
  return (
    <Page title={t("nav.settings")} intro={t("system.intro")}>
      <PageTabs label={t("nav.settings")} parts={PARTS} nameOf={(part) => t(`settings.${part}`)} views={VIEWS} chosen={chosen} onChoose={setChosen} />
    </Page>
  );
}

function People() {
  const managing = useMe().data?.manages_accounts ?? false;
  return (
    <Stack gap="md">
      {managing && <AccountsCard />}
      <OwnAccountCard />
    </Stack>
  );
}

function Notices() {
  return <NoticeSettings kinds={NOTICE_KINDS} />;
}

function Program() {
  const { t } = useTranslation();
  const system = useSystem();
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: "start" }}>
      <Stack gap="md">
        <Resource query={system} label={t("system.loading")}>
          {(data) => (
            <>
              <Card title={t("system.identity")}>
                <Facts items={[
                  [t("system.name"), data.name],
                  [t("system.address"), <span key="a" className="mono">{data.public_address}</span>],
                  [t("system.fingerprint"), <Fingerprint key="f" small value={data.ca_fingerprint} label={t("system.fingerprint")} />],
                  [t("system.version"), data.version],
                  [t("system.protocol"), data.protocol],
                ]} />
              </Card>
              <Card title={t("system.processes")} note={t("system.processesNote")}><ChildrenList rows={data.children} /></Card>
            </>
          )}
        </Resource>
      </Stack>
      <Stack gap="md"><ProgramSettings /><AboutCard /></Stack>
    </SimpleGrid>
  );
}
