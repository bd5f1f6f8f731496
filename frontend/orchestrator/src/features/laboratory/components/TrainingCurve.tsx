/** A training as it goes: figures now, the validation curve, the loss by step. */
import { Select, Stack } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "@shared/format/format";
import { LossChart, type ChartLine } from "@shared/ui/LossChart";
import { Card, Facts } from "@shared/ui/Page";
import { Empty } from "@shared/ui/states";

import type { Job } from "@app/api/laboratorySchemas";

const FIGURES = ["score", "nrmse_body", "nrmse_heart", "ssim_heart", "train_loss"] as const;
const isFigure = (value: string | null): value is (typeof FIGURES)[number] => FIGURES.some((name) => name === value);

export function TrainingCurve({ job }: { job: Job }) {
  const { t } = useTranslation();
  const { curve = [], losses = [], best_score: best, loss } = job.live;
  const [figure, setFigure] = useState<(typeof FIGURES)[number]>("score");
  const lines = useMemo<ChartLine[]>(() => [{ key: "v", label: t(`lab.curve.${figure}`), color: "var(--site-2)", strong: true }], [figure, t]);
  const points = useMemo(() => curve.map((row) => ({ round: row.epoch, values: { v: row[figure] ?? null } })), [curve, figure]);
  const steps = useMemo(() => losses.map(({ step, loss: value }) => ({ round: step, values: { v: value } })), [losses]);
  const stepLines = useMemo<ChartLine[]>(() => [{ key: "v", label: t("lab.curve.train_loss"), color: "var(--site-1)" }], [t]);
  return (
    <Stack gap="md">
      <Card><Facts grid items={[[t("lab.curve.best"), formatNumber(best)], [t("lab.curve.now"), formatNumber(loss ?? losses.at(-1)?.loss)], [t("lab.curve.epoch"), formatNumber(job.live.epoch)]]} /></Card>
      <Card title={t("lab.curve.title")} note={t("lab.curve.note")}
        aside={<Select size="xs" w={210} aria-label={t("lab.curve.figure")} allowDeselect={false} value={figure} data={FIGURES.map((name) => ({ value: name, label: t(`lab.curve.${name}`) }))} onChange={(value) => { if (isFigure(value)) setFigure(value); }} />}>
        {points.length === 0
          ? <Empty plain icon={IconChartLine} title={t("lab.curve.waitTitle")}>{t("lab.curve.wait")}</Empty>
          : <LossChart label={t(`lab.curve.${figure}`)} xLabel={t("lab.curve.epoch")} lines={lines} points={points} />}
      </Card>
      {steps.length > 1 && <Card title={t("lab.curve.loss")}><LossChart height={220} label={t("lab.curve.loss")} xLabel={t("lab.curve.step")} lines={stepLines} points={steps} /></Card>}
    </Stack>
  );
}
