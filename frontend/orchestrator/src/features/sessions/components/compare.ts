/** What sessions have in common and what not: one curve each, the settings that differ, where each ended. */
import { formatPlain, formatYesNo } from "@shared/format/format";
import { translatedName } from "@shared/i18n/server";
import { siteStyle } from "@shared/theme/theme";
import type { ChartLine, ChartPoint } from "@shared/ui/LossChart";

import type { Session } from "@app/api/schemas";
import { ALL, chartPoints } from "@app/features/sessions/components/series";

export const SETTINGS = ["task", "initial_model_id", "strategy", "rounds_planned", "quorum", "fraction", "round_deadline_s", "seed", "max_update_norm", "sites"] as const;

/** A title that tells the sessions apart, also where two have the same. */
export function labelOf(session: Session, all: readonly Session[]): string {
  const same = all.filter(({ title }) => title === session.title);
  return same.length < 2 ? session.title : `${session.title} (${same.indexOf(session) + 1})`;
}

export const compareLines = (sessions: readonly Session[]): ChartLine[] => sessions.map((session, index) => ({ key: session.id, label: labelOf(session, sessions), ...siteStyle(index) }));

export function comparePoints(sessions: readonly Session[], key: string): ChartPoint[] {
  const rounds = new Map<number, Record<string, number | null>>();
  for (const session of sessions) {
    for (const point of chartPoints(session.rounds, key)) {
      rounds.set(point.round, { ...rounds.get(point.round), [session.id]: point.values[ALL] ?? null });
    }
  }
  return [...rounds].sort(([a], [b]) => a - b).map(([round, values]) => ({ round, values }));
}

function words(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([key, inner]) => `${translatedName("parameter", key, key.replaceAll("_", " "))}: ${words(inner)}`).join(", ");
  }
  if (typeof value === "number") return formatPlain(value);
  if (typeof value === "boolean") return formatYesNo(value);
  return value === null || value === undefined || value === "" ? "–" : String(value);
}

/** Each setting with one value a session. */
function settings(session: Session): Record<string, string> {
  return {
    task: session.task,
    initial_model_id: session.initial_model_id,
    strategy: `${session.strategy.name}${Object.keys(session.strategy.parameters ?? {}).length > 0 ? ` (${words(session.strategy.parameters)})` : ""}`,
    rounds_planned: words(session.rounds_planned),
    quorum: words(session.quorum),
    fraction: words(session.fraction),
    round_deadline_s: words(session.round_deadline_s),
    seed: words(session.seed),
    max_update_norm: words(session.max_update_norm),
    sites: session.participations.filter((site) => site.rounds_contributed > 0 || site.rounds_agreed > 0).map((site) => site.site_name).sort().join(", ") || "–",
    ...Object.fromEntries(Object.entries(session.task_parameters).map(([key, value]) => [`parameter:${key}`, words(value)])),
  };
}

/** The settings in which the sessions differ, each with its values in the order of the sessions. */
export function differences(sessions: readonly Session[]): { name: string; values: string[] }[] {
  const each = sessions.map(settings);
  const names = [...new Set(each.flatMap((one) => Object.keys(one)))];
  return names.map((name) => ({ name, values: each.map((one) => one[name] ?? "–") })).filter(({ values }) => new Set(values).size > 1);
}
