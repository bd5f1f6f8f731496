/** Accounts, the own account, and the daemon itself: address, identity, processes. */
import { SimpleGrid, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { AccountsCard } from "@shared/accounts/AccountsCard";
import { useMe } from "@shared/accounts/api";
import { OwnAccountCard } from "@shared/accounts/OwnAccountCard";
import { ChildrenList } from "@shared/ui/ChildrenList";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import { useSystem } from "@app/features/system/api/useSystem";

export function SettingsPage() {
  const { t } = useTranslation();
  const system = useSystem();
  const managing = useMe().data?.manages_accounts ?? false;
  return (
    <Page title={t("nav.settings")} intro={t("system.intro")}>
      {managing && <AccountsCard />}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: "start" }}>
        <OwnAccountCard />
        <Resource query={system} label={t("system.loading")}>
          {(data) => (
            <Stack gap="md">
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
            </Stack>
          )}
        </Resource>
      </SimpleGrid>
    </Page>
  );
}
