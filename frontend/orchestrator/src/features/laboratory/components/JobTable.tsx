/** Every job, newest first. */
import { Button, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration } from "@shared/format/format";
import { LongTable } from "@shared/ui/LongTable";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Ago } from "@shared/ui/Time";

import type { JobSummary } from "@app/api/laboratorySchemas";
import { JobChip } from "@app/features/laboratory/components/states";

const COLUMNS = ["name", "state", "started"] as const;
const idOf = (job: JobSummary) => job.id;

/** Seconds a job took, where it is over. */
export function tookSeconds(job: JobSummary): number | null {
  return job.started_at === null || job.ended_at === null ? null : (Date.parse(job.ended_at) - Date.parse(job.started_at)) / 1000;
}

export function JobTable({ jobs }: { jobs: readonly JobSummary[] }) {
  const { t } = useTranslation();
  const head = (
    <>
      {COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`lab.${name}`)}</Table.Th>)}
      <Table.Th scope="col"><span className="visually-hidden">{t("lab.details")}</span></Table.Th>
    </>
  );
  return (
    <ScrollTable label={t("lab.jobs")} maxHeight={520}>
      <LongTable label={t("lab.jobs")} head={head} columns={COLUMNS.length + 1} rows={jobs} rowKey={idOf}>{(job) => <Cells job={job} />}</LongTable>
    </ScrollTable>
  );
}

const Cells = memo(function Cells({ job }: { job: JobSummary }) {
  const { t } = useTranslation();
  const seconds = tookSeconds(job);
  return (
    <>
      <Table.Td><Text fw={620} size="sm">{job.title}</Text><Text size="xs" c="dimmed">{t(`lab.job.kind.${job.kind}`)}</Text></Table.Td>
      <Table.Td><JobChip job={job} /></Table.Td>
      <Table.Td><Ago at={job.started_at ?? job.created_at} />{seconds !== null && <Text size="xs" c="dimmed">{t("lab.job.tookTime", { time: formatDuration(seconds) })}</Text>}</Table.Td>
      <Table.Td><Button size="xs" variant="default" aria-label={t("lab.openOf", { name: job.title })} renderRoot={(props) => <Link to="/laboratory/jobs/$jobId" params={{ jobId: job.id }} {...props} />}>{t("lab.open")}</Button></Table.Td>
    </>
  );
});
