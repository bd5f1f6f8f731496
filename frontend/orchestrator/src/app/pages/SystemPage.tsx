/** The daemon: address, identity, processes. */
import { SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ChildrenList } from "@shared/ui/ChildrenList";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import { useSystem } from "@app/features/system/api/useSystem";

export function SystemPage() {
  const { t } = useTranslation();
  const system = useSystem();
  return (
    <Page title={t("nav.system")} intro={t("system.intro")}>
      <Resource query={system} label={t("system.loading")}>
        {(data) => (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
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
          </SimpleGrid>
        )}
      </Resource>
    </Page>
  );
}
