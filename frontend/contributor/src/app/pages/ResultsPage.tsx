/** What the participation brought on the own hold-out, and the received models to take along. */
import { Button, Grid, Select, Stack } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Notice } from "@shared/ui/Chip";
import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { ReceivedModel } from "@app/api/schemas";
import type { OwnResult } from "@app/api/schemas.results";
import { useModels } from "@app/features/models/api/useModels";
import { ModelList } from "@app/features/models/components/ModelList";
import { useOwnResults } from "@app/features/results/api/useOwnResults";
import { Brought, Means } from "@app/features/results/components/Brought";
import { Cases } from "@app/features/results/components/Cases";
import { CompareOwn } from "@app/features/results/components/CompareOwn";
import { OwnProgress } from "@app/features/results/components/OwnProgress";
import { RemoveOwn } from "@app/features/results/components/RemoveOwn";

export function ResultsPage() {
  const { t } = useTranslation();
  const models = useModels();
  const results = useOwnResults();
  return (
    <Page title={t("nav.results")} intro={t("own.intro")}>
      <Notice tone="warning" title={t("recon.research")}>{t("recon.researchNote")}</Notice>
      <Resource query={models} label={t("models.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={IconSparkles} title={t("own.emptyTitle")} action={<Button variant="light" renderRoot={(props) => <Link to="/reconstruct" {...props} />}>{t("own.toReconstruct")}</Button>}>{t("own.empty")}</Empty>
          ) : (
            <Resource query={results} label={t("own.loading")}>{(made) => <Content models={list} made={made} />}</Resource>
          )
        }
      </Resource>
    </Page>
  );
}

function Content({ models, made }: { models: readonly ReceivedModel[]; made: readonly OwnResult[] }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = made.find(({ id }) => id === chosen) ?? made[0];
  return (
    <Stack gap="md">
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack gap="md">
            <CompareOwn models={models} onStarted={setChosen} />
            {made.length > 1 && shown !== undefined && (
              <Select label={t("own.made")} allowDeselect={false} value={shown.id} onChange={setChosen} data={made.map((one) => ({ value: one.id, label: `${one.model_name} · ${t(`own.state.${one.state}`)}` }))} />
            )}
            {shown !== undefined && shown.state !== "done" && <OwnProgress result={shown} />}
            {shown?.findings != null && <Brought findings={shown.findings} action={<RemoveOwn key={shown.id} result={shown} size="xs" />} />}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}><ModelList models={models} /></Grid.Col>
      </Grid>
      {shown?.findings != null && <Means metrics={shown.findings.metrics} />}
      {shown?.findings != null && <Cases key={shown.id} id={shown.id} findings={shown.findings} />}
    </Stack>
  );
}
