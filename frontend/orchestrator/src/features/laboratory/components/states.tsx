/** States of jobs and data sets in a word, and how far a job is. */
import { Progress, Text } from "@mantine/core";
import { IconPlayerPause, IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { formatDuration } from "@shared/format/format";
import { Chip, type Tone } from "@shared/ui/Chip";

import type { JobSummary, SetSummary } from "@app/api/laboratorySchemas";

const JOB_TONES: Record<JobSummary["state"], Tone> = { queued: "neutral", running: "info", done: "success", failed: "danger", cancelled: "neutral", interrupted: "warning" };
const SET_TONES: Record<SetSummary["state"], Tone> = { making: "info", ready: "success", incomplete: "warning", missing: "warning" };

export function JobChip({ job }: { job: JobSummary }) {
  const { t } = useTranslation();
  if (job.ending) return <Chip tone="info">{t("lab.job.ending")}</Chip>;
  return <Chip tone={JOB_TONES[job.state]} {...(job.state === "cancelled" ? { icon: IconPlayerPause } : {})}>{t(`lab.job.state.${job.state}`)}</Chip>;
}

export function SetChip({ state }: { state: SetSummary["state"] }) {
  const { t } = useTranslation();
  return <Chip tone={SET_TONES[state]} {...(state === "missing" ? { icon: IconPlugConnectedX } : {})}>{t(`lab.set.state.${state}`)}</Chip>;
}

/** Where a running job is, in words. */
function useStage(job: JobSummary): string {
  const { t } = useTranslation();
  if (job.state === "queued") return t("lab.job.waiting");
  const { stage, done, total, step, steps, epoch } = job.live;
  return stage === "" ? t("lab.job.state.running") : t(`lab.job.stage.${stage}`, { done, total, step, steps, epoch, defaultValue: stage });
}

export function JobProgress({ job }: { job: JobSummary }) {
  const { t } = useTranslation();
  const stage = useStage(job);
  const percent = job.state === "queued" ? 0 : Math.round(100 * job.live.share);
  return (
    <div>
      <Progress.Root size="lg">
        <Progress.Section value={percent} aria-label={t("lab.job.progress", { name: job.title })} aria-valuetext={`${percent} %, ${stage}`} animated={job.state === "running"} />
      </Progress.Root>
      <Text size="sm" c="dimmed" mt={6} className="num">
        {job.state === "running" ? `${percent} % · ${stage}` : stage}
        {job.state === "running" && job.live.left_s !== null && job.live.left_s !== undefined && ` · ${t("lab.job.left", { time: formatDuration(job.live.left_s) })}`}
      </Text>
    </div>
  );
}
