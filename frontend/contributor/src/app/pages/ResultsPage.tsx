/** Received models, and what they make of the site's own studies. */
import { Grid, Stack } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Notice } from "@shared/ui/Chip";
import { Page } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";

import { useModels } from "@app/features/models/api/useModels";
import { ModelList } from "@app/features/models/components/ModelList";
import { useReconstructions } from "@app/features/reconstructions/api/useReconstructions";
import { Comparison } from "@app/features/reconstructions/components/Comparison";
import { ReconstructForm } from "@app/features/reconstructions/components/ReconstructForm";
import { useStudies } from "@app/features/studies/api/useStudies";

export function ResultsPage() {
  const { t } = useTranslation();
  const models = useModels();
  const studies = useStudies();
  const reconstructions = useReconstructions();
  const [chosen, setChosen] = useState<string | null>(null);
  const made = reconstructions.data?.find(({ id }) => id === chosen) ?? reconstructions.data?.[0];
  return (
    <Page title={t("nav.results")} intro={t("models.intro")}>
      <Notice tone="warning" title={t("recon.research")}>{t("recon.researchNote")}</Notice>
      <Resource query={models} label={t("models.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={IconSparkles} title={t("models.emptyTitle")}>{t("models.empty")}</Empty>
          ) : (
            <Grid gap="md">
              <Grid.Col span={{ base: 12, lg: 8 }}>
                <Stack gap="md">
                  <ReconstructForm studies={studies.data ?? []} models={list} onStarted={({ id }) => setChosen(id)} />
                  {reconstructions.isError && <Problem error={reconstructions.error} onRetry={() => void reconstructions.refetch()} />}
                  {made !== undefined && (
                    <Comparison key={made.id} made={made} study={studies.data?.find(({ id }) => id === made.study_id)?.name ?? made.study_id} model={list.find(({ id }) => id === made.model_id)?.name ?? made.model_id} />
                  )}
                </Stack>
              </Grid.Col>
              <Grid.Col span={{ base: 12, lg: 4 }}><ModelList models={list} /></Grid.Col>
            </Grid>
          )
        }
      </Resource>
    </Page>
  );
}
