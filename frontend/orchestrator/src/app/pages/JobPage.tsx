/** One job of the laboratory, live, and what it found. */
import { Button, Group } from "@mantine/core";
import { IconMapOff, IconSparkles, IconStack2 } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { isGone } from "@shared/api/problem";
import { formatDateTime, formatDuration } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Card, Page } from "@shared/ui/Page";
import { Empty, Loading, Problem, Resource } from "@shared/ui/states";

import type { Job } from "@app/api/laboratorySchemas";
import { BackToLaboratory } from "@app/features/laboratory/components/BackToLaboratory";
import { Compared } from "@app/features/laboratory/components/Compared";
import { ContactSheet } from "@app/features/laboratory/components/ContactSheet";
import { JobActions } from "@app/features/laboratory/components/JobActions";
import { JobLog } from "@app/features/laboratory/components/JobLog";
import { JobNotice } from "@app/features/laboratory/components/JobNotice";
import { tookSeconds } from "@app/features/laboratory/components/JobTable";
import { JobChip, JobProgress } from "@app/features/laboratory/components/states";
import { TrainingCurve } from "@app/features/laboratory/components/TrainingCurve";
import { Tried } from "@app/features/laboratory/components/Tried";
import { useJob, useResult, useSet } from "@app/features/laboratory/api/useLaboratory";

export function JobPage() {
  const { t } = useTranslation();
  const { jobId } = useParams({ from: "/laboratory/jobs/$jobId" });
  const job = useJob(jobId);
  if (isGone(job)) return <Page title={t("lab.job.notFound")} back={<BackToLaboratory />}><Empty icon={IconMapOff} title={t("notFound.what")}>{t("notFound.advice")}</Empty></Page>;
  return <Resource query={job} label={t("lab.job.loading")}>{(known) => known !== null && <JobView job={known} />}</Resource>;
}

function JobView({ job }: { job: Job }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const seconds = tookSeconds(job);
  const intro = [t(`lab.job.kind.${job.kind}`), ...(job.started_at === null ? [] : [t("lab.job.began", { at: formatDateTime(job.started_at) })]), ...(seconds === null ? [] : [t("lab.job.tookTime", { time: formatDuration(seconds) })])].join(" · ");
  const underWay = job.state === "running" || job.state === "queued";
  return (
    <Page title={job.title} intro={intro} chip={<JobChip job={job} />} back={<BackToLaboratory />} actions={<JobActions job={job} onRemoved={() => void navigate({ to: "/laboratory" })} />}>
      <JobNotice job={job} />
      {underWay && <Card><JobProgress job={job} /></Card>}
      {job.kind === "training" && <TrainedNotice job={job} />}
      {job.kind === "training" && <TrainingCurve job={job} />}
      {(job.kind === "synthesis" || job.kind === "check") && job.state === "done" && job.set_id !== null && <MadeSet id={job.set_id} />}
      {(job.kind === "comparison" || job.kind === "reconstruction") && job.state === "done" && <Result job={job} />}
      <JobLog job={job} />
    </Page>
  );
}

function TrainedNotice({ job }: { job: Job }) {
  const { t } = useTranslation();
  if (job.state !== "done" || job.model_id === null) return null;
  const model = job.model_id;
  return (
    <Notice tone="success" title={t("lab.curve.made")} action={(
      <Group gap="xs">
        <Button size="xs" leftSection={<IconSparkles size={15} />} renderRoot={(props) => <Link to="/laboratory/try" search={{ model }} {...props} />}>{t("lab.curve.tryIt")}</Button>
        <Button size="xs" variant="default" leftSection={<IconStack2 size={15} />} renderRoot={(props) => <Link to="/models" search={{ model }} {...props} />}>{t("lab.curve.toModel")}</Button>
      </Group>
    )} />
  );
}

function MadeSet({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: set } = useSet(id);
  if (set === undefined || set === null) return null;
  return (
    <Card title={t("lab.set.sheet")} note={t("lab.set.sheetNote")} aside={<Button variant="default" renderRoot={(props) => <Link to="/laboratory/sets/$setId" params={{ setId: set.id }} {...props} />}>{t("lab.openOf", { name: set.name })}</Button>}>
      <ContactSheet set={set} />
    </Card>
  );
}

function Result({ job }: { job: Job }) {
  const { t } = useTranslation();
  const result = useResult(job);
  if (result.isError) return <Problem error={result.error} onRetry={() => void result.refetch()} />;
  if (result.data === undefined) return <Loading label={t("lab.job.result")} />;
  if (result.data.comparison) return <Compared job={job} found={result.data.comparison} />;
  return result.data.reconstruction ? <Tried job={job} found={result.data.reconstruction} /> : null;
}
