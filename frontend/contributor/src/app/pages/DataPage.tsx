/** The site's own studies. */
import { Grid, Stack } from "@mantine/core";
import { IconFolderHeart } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { useStudies } from "@app/features/studies/api/useStudies";
import { AddStudies } from "@app/features/studies/components/AddStudies";
import { SharedSummary } from "@app/features/studies/components/SharedSummary";
import { StudyTable } from "@app/features/studies/components/StudyTable";
import { useSystem } from "@app/features/system/api/useSystem";

export function DataPage() {
  const { t } = useTranslation();
  const studies = useStudies();
  const system = useSystem();
  return (
    <Page title={t("nav.data")} intro={t("data.intro")}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: 8 }} order={{ base: 2, lg: 1 }}>
          <Resource query={studies} label={t("data.loading")}>
            {(list) => (list.length === 0 ? <Empty icon={IconFolderHeart} title={t("data.emptyTitle")}>{t("data.empty")}</Empty> : <StudyTable studies={list} />)}
          </Resource>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }} order={{ base: 1, lg: 2 }}>
          <Stack gap="md">
            <AddStudies />
            {system.data !== undefined && <SharedSummary summary={system.data.shared_summary} />}
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}
