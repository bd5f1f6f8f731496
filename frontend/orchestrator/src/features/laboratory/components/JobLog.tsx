/** The latest lines of a job's log. */
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Job } from "@app/api/laboratorySchemas";
import { useJobLog } from "@app/features/laboratory/api/useLaboratory";

export function JobLog({ job }: { job: Job }) {
  const { t } = useTranslation();
  const log = useJobLog(job);
  if (log.isError) return <Problem error={log.error} onRetry={() => void log.refetch()} />;
  if (log.data === undefined || (log.data.length === 0 && job.state !== "failed")) return null;
  return (
    <Card title={t("lab.job.log")} note={t("lab.job.logNote")}>
      {log.data.length === 0 ? <Text size="sm" c="dimmed">{t("lab.job.logEmpty")}</Text> : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
        <ol className="log" tabIndex={0} aria-label={t("lab.job.log")}>{log.data.map((line, index) => <li key={`${index}-${line}`}>{line}</li>)}</ol>
      )}
    </Card>
  );
}
