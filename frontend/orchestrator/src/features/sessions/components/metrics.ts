/** A task's metrics as it declares them, called as the present language does. */
import { translatedName } from "@shared/i18n/server";
import { z } from "@shared/zod";

import type { Task } from "@app/api/schemas";

const metricSchema = z.object({ key: z.string(), title: z.string(), unit: z.string().default(""), higher_is_better: z.boolean().default(false) });
type Metric = z.infer<typeof metricSchema>;

function metricsOf(task: Task | undefined): Metric[] {
  return (task?.metrics ?? []).flatMap((raw) => {
    const parsed = metricSchema.safeParse(raw);
    return parsed.success ? [{ ...parsed.data, title: translatedName("metric", parsed.data.key, parsed.data.title) }] : [];
  });
}

/** With the unit, where it has one that the title does not say. */
const titled = ({ title, unit }: Metric) => (unit === "" || title.includes(unit) ? title : title.endsWith(")") ? `${title.slice(0, -1)}, ${unit})` : `${title} (${unit})`);

export function metricTitles(task: Task | undefined): Record<string, string> {
  return Object.fromEntries(metricsOf(task).map((metric) => [metric.key, titled(metric)]));
}

/** The task's primary metric. */
export function metricOf(task: Task | undefined): { key: string; title: string; higherIsBetter: boolean } | null {
  const metric = metricsOf(task).find(({ key }) => key === task?.primary_metric);
  return metric === undefined ? null : { key: metric.key, title: titled(metric), higherIsBetter: metric.higher_is_better };
}
