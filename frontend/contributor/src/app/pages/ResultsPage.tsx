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
import type { OwnResultSummary } from "@app/api/schemas.results";
import { useModels } from "@app/features/models/api/useModels";
import { ModelList } from "@app/features/models/components/ModelList";
import { useFindings, useOwnResults } from "@app/features/results/api/useOwnResults";
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

function Content({ models, made }: { models: readonly ReceivedModel[]; made: readonly OwnResultSummary[] }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = made.find(({ id }) => id === chosen) ?? made[0];
  const found = useFindings(shown);
  const findings = found.data ?? null;
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
            {shown?.state === "done" && <Resource query={found} label={t("own.loading")}>{(whole) => whole !== null && <Brought findings={whole} action={<RemoveOwn key={shown.id} result={shown} size="xs" />} />}</Resource>}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}><ModelList models={models} /></Grid.Col>
      </Grid>
      {findings !== null && <Means metrics={findings.metrics} />}
      {findings !== null && shown !== undefined && <Cases key={shown.id} id={shown.id} findings={findings} />}
    </Stack>
  );
}
