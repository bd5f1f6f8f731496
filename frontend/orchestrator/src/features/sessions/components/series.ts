/** Closed rounds as chart lines: one a site, one for all together. */
import type { ChartLine, ChartPoint } from "@shared/ui/LossChart";
import { siteStyle } from "@shared/theme/theme";

import type { Session } from "@app/api/schemas";

export const ALL = "all";
const bare = (key: string) => key.replace(/^score_/, "");

/** The metrics that closed rounds have, training loss first. */
export function metricKeys(session: Session): string[] {
  const keys = new Set<string>();
  for (const round of session.rounds) for (const key of Object.keys(round.record?.metrics ?? {})) keys.add(bare(key));
  return [...keys].filter((key) => !["num-examples", "train_s", "score_s"].includes(key)).sort((a, b) => Number(b === "train_loss") - Number(a === "train_loss"));
}

function valueOf(metrics: Readonly<Record<string, number>>, key: string): number | null {
  return metrics[key] ?? metrics[`score_${key}`] ?? null;
}

export function chartLines(session: Session, label: string): ChartLine[] {
  return [
    { key: ALL, label, color: "var(--ink)", strong: true },
    ...session.participations.map((site, index) => ({ key: site.site_id, label: site.site_name, ...siteStyle(index) })),
  ];
}

export function chartPoints(session: Session, key: string): ChartPoint[] {
  return session.rounds
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
export function trend(session: Session, key: string): number[] {
  return chartPoints(session, key).flatMap((point) => (typeof point.values[ALL] === "number" ? [point.values[ALL]] : []));
}
