/** The pages that begin something in the laboratory: make data, train, compare, try. */
import { Button, Group } from "@mantine/core";
import { IconDatabase } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useWhole } from "@shared/realtime/useLiveList";
import { Page } from "@shared/ui/Page";
import { Empty, Loading, Problem, Resource } from "@shared/ui/states";

import type { Job } from "@app/api/laboratorySchemas";
import { useScenarios, useSets } from "@app/features/laboratory/api/useLaboratory";
import { hasReference } from "@app/features/laboratory/components/hasReference";
import { BackToLaboratory } from "@app/features/laboratory/components/BackToLaboratory";
import { CompareForm } from "@app/features/laboratory/forms/CompareForm";
import { MakeForm } from "@app/features/laboratory/forms/MakeForm";
import { TrainForm } from "@app/features/laboratory/forms/TrainForm";
import { TryForm } from "@app/features/laboratory/forms/TryForm";
import { useModels } from "@app/features/models/api/useModels";
import { useTasks } from "@app/features/sessions/api/useSessions";

const TASK = "spect-reconstruction";

function useToJob(): (job: Job) => void {
  const navigate = useNavigate();
  return (job) => void navigate({ to: "/laboratory/jobs/$jobId", params: { jobId: job.id } });
}

export function MakeDataPage() {
  const { t } = useTranslation();
  const scenarios = useScenarios();
  const toJob = useToJob();
  return (
    <Page title={t("lab.makeForm.title")} intro={t("lab.makeForm.intro")} back={<BackToLaboratory />}>
      <Resource query={scenarios} label={t("lab.makeForm.loading")}>{(found) => <MakeForm scenarios={found} onStarted={toJob} />}</Resource>
    </Page>
  );
}

/** Sets that are ready, models that reconstruct, and the task; or what is shown meanwhile. */
function useChoices() {
  const sets = useSets();
  const models = useModels();
  const tasks = useTasks();
  const broken = [sets, models, tasks].find((query) => query.isError);
  const whole = useWhole(sets, models);
  const ready = whole ? sets.data?.filter(({ state }) => state === "ready") : undefined;
  return { broken, sets: ready, models: whole ? models.data?.filter(({ task }) => task === TASK) : undefined, task: tasks.data?.find(({ name }) => name === TASK) };
}

function NoData({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  return <Empty icon={IconDatabase} title={title} action={<Group justify="center"><Button renderRoot={(props) => <Link to="/laboratory/make" {...props} />}>{t("lab.make")}</Button></Group>}>{text}</Empty>;
}

export function TrainModelPage() {
  const { t } = useTranslation();
  const { set } = useSearch({ from: "/laboratory/train" });
  const toJob = useToJob();
  const { broken, sets, models, task } = useChoices();
  return (
    <Page title={t("lab.trainForm.title")} intro={t("lab.trainForm.intro")} back={<BackToLaboratory />}>
      {broken !== undefined && <Problem error={broken.error} onRetry={() => void broken.refetch()} />}
      {broken === undefined && (sets === undefined || models === undefined || task === undefined) && <Loading label={t("lab.trainForm.loading")} />}
      {sets?.length === 0 && <NoData title={t("lab.trainForm.none")} text={t("lab.trainForm.noneText")} />}
      {sets !== undefined && sets.length > 0 && models !== undefined && task !== undefined && <TrainForm sets={sets} models={models} task={task} chosen={set} onStarted={toJob} />}
    </Page>
  );
}

export function CompareModelsPage() {
  const { t } = useTranslation();
  const { set } = useSearch({ from: "/laboratory/compare" });
  const toJob = useToJob();
  const { broken, sets, models } = useChoices();
  const usable = sets?.filter(hasReference);
  return (
    <Page title={t("lab.compareForm.title")} intro={t("lab.compareForm.intro")} back={<BackToLaboratory />}>
      {broken !== undefined && <Problem error={broken.error} onRetry={() => void broken.refetch()} />}
      {broken === undefined && (usable === undefined || models === undefined) && <Loading label={t("lab.tryForm.loading")} />}
      {usable?.length === 0 && <NoData title={t("lab.compareForm.none")} text={t("lab.compareForm.noneText")} />}
      {usable !== undefined && usable.length > 0 && models !== undefined && <CompareForm sets={usable} models={models} chosen={set} onStarted={toJob} />}
    </Page>
  );
}

export function TryModelPage() {
  const { t } = useTranslation();
  const { model } = useSearch({ from: "/laboratory/try" });
  const toJob = useToJob();
  const { broken, sets, models } = useChoices();
  return (
    <Page title={t("lab.tryForm.title")} intro={t("lab.tryForm.intro")} back={<BackToLaboratory />}>
      {broken !== undefined && <Problem error={broken.error} onRetry={() => void broken.refetch()} />}
      {broken === undefined && (sets === undefined || models === undefined) && <Loading label={t("lab.tryForm.loading")} />}
      {sets !== undefined && models !== undefined && <TryForm sets={sets} models={models} chosen={model} onStarted={toJob} />}
    </Page>
  );
}
