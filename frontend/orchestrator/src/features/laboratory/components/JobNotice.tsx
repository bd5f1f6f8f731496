/** Why a job is not going on: its problem with the remedy, or that it was cancelled or interrupted. */
import { useTranslation } from "react-i18next";

import { asSentence } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";
import { Notice } from "@shared/ui/Chip";

import type { Job } from "@app/api/laboratorySchemas";

export function JobNotice({ job }: { job: Job }) {
  const { t } = useTranslation();
  if (job.state === "interrupted") return <Notice live tone="warning" title={t("lab.job.interruptedTitle")}>{t("lab.job.interrupted")}</Notice>;
  if (job.state === "cancelled") return <Notice live tone="neutral" title={t("lab.job.cancelledTitle")}>{t("lab.job.cancelled")}</Notice>;
  if (job.state !== "failed" || job.problem === null) return null;
  const { title, advice } = translatedProblem(job.problem.code) ?? { title: job.problem.title, advice: job.problem.remedy || job.problem.advice };
  return (
    <Notice live tone="danger" title={`${t("lab.job.failedTitle")}: ${title}`}>
      <div style={{ overflowWrap: "anywhere" }}>{asSentence(job.problem.detail)}</div>
      <div>{advice}</div>
      <div className="mono" style={{ opacity: 0.8, marginTop: 6 }}>{job.problem.code}</div>
    </Notice>
  );
}
