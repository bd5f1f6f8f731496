/** A line of the activity in the present language; one without a key, or with an unknown one, stays as it was written. */
import { useTranslation } from "react-i18next";

import { formatDay, formatPlain } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";
import { z } from "@shared/zod";

import type { Activity } from "@app/api/schemas";

const missingSchema = z.array(z.object({ name: z.string(), code: z.string() }));

type Translate = (key: string, options?: Record<string, unknown>) => string;

/** ", North Hospital was late, Site East failed", or nothing. */
function absences(values: Record<string, unknown>, t: Translate): string {
  const parsed = missingSchema.safeParse(values.missing);
  if (!parsed.success) return "";
  return parsed.data.map(({ name, code }) => `, ${t(`activity.absent.${code.replace(".", "_")}`, { name, defaultValue: t("activity.absent.other", { name }) })}`).join("");
}

export function activityText(line: Activity, t: Translate): string {
  if (line.key === null || line.key === undefined) return line.text;
  const values = line.values ?? {};
  const { day, seconds } = values;
  const code = typeof values.code === "string" ? values.code : "";
  const words = t(`activity.${line.key}`, {
    ...values,
    ...(typeof day === "string" ? { day: formatDay(day) } : {}),
    ...(typeof seconds === "number" ? { seconds: formatPlain(seconds) } : {}),
    missing: absences(values, t),
    reason: translatedProblem(code)?.title ?? values.reason,
    defaultValue: line.text,
  });
  return words.trim();
}

export function useActivityText(): (line: Activity) => string {
  const { t } = useTranslation();
  return (line) => activityText(line, t);
}
