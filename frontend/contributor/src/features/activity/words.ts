/** A line of the activity in the present language; one without a key, or with an unknown one, stays as it was written. */
import { useTranslation } from "react-i18next";

import { formatBytes, formatDateTime, formatDay } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";

import type { Activity } from "@app/api/schemas";

type Translate = (key: string, options?: Record<string, unknown>) => string;

export function activityText(line: Activity, t: Translate): string {
  if (line.key === null || line.key === undefined) return line.text;
  const values = line.values ?? {};
  const { at, bytes, code, day } = values;
  const problem = typeof code === "string" ? translatedProblem(code)?.title : undefined;
  return t(`activity.${line.key}`, {
    ...values,
    ...(typeof at === "string" ? { at: formatDateTime(at) } : {}),
    ...(typeof day === "string" ? { day: formatDay(day) } : {}),
    ...(typeof bytes === "number" ? { bytes: formatBytes(bytes) } : {}),
    reason: problem ?? values.reason,
    detail: problem ?? values.detail,
    defaultValue: line.text,
  });
}

export function useActivityText(): (line: Activity) => string {
  const { t } = useTranslation();
  return (line) => activityText(line, t);
}
