/** The four numbers of a session that a manager looks at first. */
import { SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatCountdown, formatDuration, formatFixed, formatNumber } from "@shared/format/format";
import { MetricCard } from "@shared/ui/MetricCard";
import { useNow } from "@shared/ui/useNow";

import type { Session } from "@app/api/schemas";
import { trend } from "@app/features/sessions/components/series";

interface SessionFiguresProps {
  session: Session;
  primary: { key: string; title: string; higherIsBetter: boolean } | null;
}

export function SessionFigures({ session, primary }: SessionFiguresProps) {
  const { t } = useTranslation();
  const losses = trend(session.rounds, "train_loss");
  const scores = primary === null ? [] : trend(session.rounds, primary.key);
  const best = scores.length === 0 ? null : primary?.higherIsBetter ? Math.max(...scores) : Math.min(...scores);
  const current = session.rounds.find((round) => round.round === session.round);
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md">
      <MetricCard label={t("figures.loss")} value={formatNumber(losses.at(-1))} note={change(losses, t)} trend={losses} />
      <MetricCard label={primary?.title ?? t("figures.score")} value={formatNumber(scores.at(-1))} note={best === null ? t("figures.afterFirst") : t("figures.best", { value: formatNumber(best) })} trend={scores} />
      <MetricCard label={t(session.ended_at === null ? "figures.received" : "figures.receivedLast")} value={current?.received ?? 0} unit={t("figures.of", { count: current?.expected ?? session.participations.length })} note={t("figures.quorum", { count: session.quorum })} />
      <TimeLeft session={session} deadline={current?.state === "running" ? current.deadline_at : null} />
    </SimpleGrid>
  );
}

function TimeLeft({ session, deadline }: { session: Session; deadline: string | null }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const left = deadline === null ? null : Math.max(0, (new Date(deadline).getTime() - now) / 1000);
  const done = session.rounds.flatMap((round) => (round.record === null ? [] : [round.record.total_s]));
  const mean = done.length === 0 ? null : done.reduce((sum, value) => sum + value, 0) / done.length;
  const rest = mean === null ? null : mean * Math.max(0, session.rounds_planned - done.length);
  const ended = session.ended_at !== null;
  return (
    <MetricCard
      label={t(ended ? "figures.roundsDone" : "figures.deadline")}
      value={ended ? done.length : left === null ? "–" : formatCountdown(left)}
      unit={ended ? t("figures.of", { count: session.rounds_planned }) : undefined}
      note={ended ? t("figures.mean", { time: mean === null ? "–" : formatDuration(mean) }) : rest === null ? t("figures.restUnknown") : t("figures.rest", { time: formatDuration(rest) })}
    />
  );
}

function change(values: readonly number[], t: (key: string, options?: Record<string, unknown>) => string): string {
  const last = values.at(-1);
  const before = values.at(-2);
  if (last === undefined) return t("figures.afterFirst");
  if (before === undefined || before === 0) return t("figures.first");
  const percent = ((last - before) / Math.abs(before)) * 100;
  return t("figures.change", { percent: `${percent > 0 ? "+" : "−"}${formatFixed(Math.abs(percent), 1)}` });
}
