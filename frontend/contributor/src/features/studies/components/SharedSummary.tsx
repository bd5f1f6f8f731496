/** Exactly what the orchestrator is told about the data. */
import { useTranslation } from "react-i18next";

import { formatCount, formatDay } from "@shared/format/format";
import { Card, Facts } from "@shared/ui/Page";

import type { System } from "@app/api/schemas";

export function SharedSummary({ summary, grid = false }: { summary: System["shared_summary"]; grid?: boolean }) {
  const { t } = useTranslation();
  return (
    <Card title={t("told.title")} note={t("told.note")}>
      <Facts grid={grid} items={[
        [t("told.usable"), formatCount(summary.studies_usable)],
        [t("told.total"), formatCount(summary.studies_total)],
        [t("told.reference"), formatCount(summary.with_reference)],
        [t("told.patients"), formatCount(summary.patients)],
        [t("told.newest"), summary.added_at === null ? "–" : formatDay(summary.added_at)],
        ...Object.entries(summary.by_task ?? {}).map(([task, count]) => [t("told.task", { task: t(`task.${task}`, { defaultValue: task }) }), formatCount(count)] as const),
        ...Object.entries(summary.by_task_with_reference ?? {}).map(([task, count]) => [t("told.taskReference", { task: t(`task.${task}`, { defaultValue: task }) }), formatCount(count)] as const),
      ]} />
    </Card>
  );
}
