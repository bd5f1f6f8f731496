/** The site's own studies and patients: taken in, looked at, compared with a list, taken out of use. */
import { Grid, Stack, Tabs } from "@mantine/core";
import { IconFolderHeart } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { Study } from "@app/api/schemas";
import { AddScans } from "@app/features/intake/components/AddScans";
import { ExpectedList } from "@app/features/intake/components/ExpectedList";
import { ImportList } from "@app/features/intake/components/ImportList";
import { PatientTable } from "@app/features/intake/components/PatientTable";
import { StorageCard } from "@app/features/intake/components/StorageCard";
import { SharingCard } from "@app/features/privacy/components/SharingCard";
import { useQualityGlances } from "@app/features/quality/api/useQuality";
import { QualityChip } from "@app/features/quality/components/QualityChip";
import { inWords } from "@app/features/quality/words";
import { useStudies } from "@app/features/studies/api/useStudies";
import { SharedSummary } from "@app/features/studies/components/SharedSummary";
import { StudyTable } from "@app/features/studies/components/StudyTable";
import { useSystem } from "@app/features/system/api/useSystem";

/** Changes whenever a study comes, goes, or changes its state. */
const stampOf = (studies: readonly Study[]) => `${studies.length} ${studies.filter(({ state }) => state === "usable").length}`;

export function DataPage() {
  const { t } = useTranslation();
  const studies = useStudies();
  const glances = useQualityGlances(studies.data?.length ?? 0);
  const system = useSystem();
  return (
    <Page title={t("nav.data")} intro={t("data.intro")}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: 8 }} order={{ base: 2, lg: 1 }}>
          <Tabs defaultValue="studies" keepMounted={false}>
            <Tabs.List mb="md">
              {(["studies", "patients", "list"] as const).map((tab) => <Tabs.Tab key={tab} value={tab}>{t(`intake.tabs.${tab}`)}</Tabs.Tab>)}
            </Tabs.List>
            <Tabs.Panel value="studies">
              <Resource query={studies} label={t("data.loading")}>
                {(list) => (list.length === 0 ? <Empty icon={IconFolderHeart} title={t("data.emptyTitle")}>{t("data.empty")}</Empty> : (
                  <StudyTable studies={list} quality={({ id }) => {
                    const glance = glances.data?.get(id);
                    return { chip: <QualityChip level={glance?.level} />, cause: glance?.cause ? inWords(glance.cause).text : undefined };
                  }} />
                ))}
              </Resource>
            </Tabs.Panel>
            <Tabs.Panel value="patients"><PatientTable stamp={stampOf(studies.data ?? [])} /></Tabs.Panel>
            <Tabs.Panel value="list"><ExpectedList /></Tabs.Panel>
          </Tabs>
          {system.data !== undefined && (
            <Stack gap="md" mt="md">
              <SharedSummary grid summary={system.data.shared_summary} />
              <SharingCard summary={system.data.shared_summary} />
            </Stack>
          )}
          <div style={{ marginTop: 16 }}><StorageCard /></div>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }} order={{ base: 1, lg: 2 }}>
          <Stack gap="md">
            <AddScans />
            <ImportList />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}
