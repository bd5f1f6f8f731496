/** Closed rounds as chart lines: one a site, one for all together. */
import type { ChartLine, ChartPoint } from "@shared/ui/LossChart";
import { siteStyle } from "@shared/theme/theme";

import type { Session } from "@app/api/schemas";

export const ALL = "all";
const bare = (key: string) => key.replace(/^score_/, "");

/** The metrics that closed rounds have, training loss first. */
export function metricKeys(rounds: Session["rounds"]): string[] {
  const keys = new Set<string>();
  for (const round of rounds) for (const key of Object.keys(round.record?.metrics ?? {})) keys.add(bare(key));
  return [...keys].filter((key) => !["num-examples", "train_s", "score_s"].includes(key)).sort((a, b) => Number(b === "train_loss") - Number(a === "train_loss"));
}

function valueOf(metrics: Readonly<Record<string, number>>, key: string): number | null {
  return metrics[key] ?? metrics[`score_${key}`] ?? null;
}

export function chartLines(sites: readonly { site_id: string; site_name: string }[], label: string): ChartLine[] {
  return [
    { key: ALL, label, color: "var(--ink)", strong: true },
    ...sites.map((site, index) => ({ key: site.site_id, label: site.site_name, ...siteStyle(index) })),
  ];
}

export function chartPoints(rounds: Session["rounds"], key: string): ChartPoint[] {
  return rounds
    .flatMap((round) => (round.record === null ? [] : [round.record]))
    .sort((a, b) => a.round - b.round)
    .map((record) => ({
      round: record.round,
      values: {
        [ALL]: valueOf(record.metrics, key),
        ...Object.fromEntries(record.updates.map((update) => [update.site_id, valueOf(update.metrics, key)])),
      },
    }));
}

/** The combined values of a metric over the closed rounds. */
export function trend(rounds: Session["rounds"], key: string): number[] {
  return chartPoints(rounds, key).flatMap((point) => (typeof point.values[ALL] === "number" ? [point.values[ALL]] : []));
}
