/** A study by OSEM and by a model, side by side; works before any session with the network that came with the program. */
import { Button, Stack } from "@mantine/core";
import { IconFolderHeart } from "@tabler/icons-react";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useNetworkName } from "@shared/i18n/useNetworkName";
import { Notice } from "@shared/ui/Chip";
import { Card, Page } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";

import type { ReceivedModel, Reconstruction, Study } from "@app/api/schemas";
import type { ShippedModel } from "@app/api/schemas.results";
import { useModels, useShippedModels } from "@app/features/models/api/useModels";
import { useReconstructions } from "@app/features/reconstructions/api/useReconstructions";
import { Comparison } from "@app/features/reconstructions/components/Comparison";
import { Earlier } from "@app/features/reconstructions/components/Earlier";
import { ReconstructForm } from "@app/features/reconstructions/components/ReconstructForm";
import { useStudies } from "@app/features/studies/api/useStudies";
import { Film } from "@app/features/studies/components/Film";

const SPECT = "spect-reconstruction";

export function ReconstructPage() {
  const { t } = useTranslation();
  const studies = useStudies();
  const models = useModels();
  const shipped = useShippedModels();
  return (
    <Page title={t("nav.reconstruct")} intro={t("recon.intro")}>
      <Notice tone="warning" title={t("recon.research")}>{t("recon.researchNote")}</Notice>
      <Resource query={studies} label={t("data.loading")}>
        {(all) => (
          <Resource query={models} label={t("models.loading")}>
            {(received) => (
              <Resource query={shipped} label={t("models.loading")}>
                {(came) => <Content studies={all.filter((study) => study.task === SPECT)} received={received.filter((model) => model.task === SPECT)} shipped={came} />}
              </Resource>
            )}
          </Resource>
        )}
      </Resource>
    </Page>
  );
}

interface ContentProps {
  studies: readonly Study[];
  received: readonly ReceivedModel[];
  shipped: readonly ShippedModel[];
}

function Content({ studies, received, shipped }: ContentProps) {
  const { t } = useTranslation();
  const networkName = useNetworkName();
  const reconstructions = useReconstructions();
  const { study: first } = useSearch({ from: "/reconstruct" });
  const [chosen, setChosen] = useState<string | null>(null);
  const usable = studies.filter((study) => study.state !== "unusable");
  const newest = [...received].sort((a, b) => b.received_at.localeCompare(a.received_at));
  const came = shipped.map(({ id, network }) => ({ id, name: t("models.shipped", { network: networkName(network) }) }));
  const all = reconstructions.data ?? [];
  const made = all.find(({ id }) => id === chosen) ?? all[0];
  const names = (one: Reconstruction) => ({
    study: studies.find(({ id }) => id === one.study_id)?.name ?? one.study_id,
    model: [...received, ...came].find(({ id }) => id === one.model_id)?.name ?? one.model_id,
  });
  if (usable.length === 0) {
    return <Empty icon={IconFolderHeart} title={t("recon.emptyTitle")} action={<Button renderRoot={(props) => <Link to="/data" {...props} />}>{t("recon.toData")}</Button>}>{t("recon.empty")}</Empty>;
  }
  return (
    <Stack gap="md">
      <ReconstructForm key={first} studies={usable} received={newest} shipped={came} first={first} onStarted={({ id }) => setChosen(id)} />
      {reconstructions.isError && <Problem error={reconstructions.error} onRetry={() => void reconstructions.refetch()} />}
      {made !== undefined && <Comparison key={made.id} made={made} {...names(made)} />}
      {made !== undefined && <Card title={t("recon.projections")} note={t("recon.projectionsNote")}><Film key={made.study_id} study={made.study_id} /></Card>}
      {all.length > 1 && <Earlier made={all} shown={made?.id} names={names} onShow={setChosen} />}
    </Stack>
  );
}
