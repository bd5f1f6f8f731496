/** Everything that was chosen, with what it will take: time and traffic as far as they can be known. */
import { useTranslation } from "react-i18next";

import { formatBytes, formatDateTime, formatDuration, formatNumber, formatPlain } from "@shared/format/format";
import { translatedName } from "@shared/i18n/server";
import { Facts } from "@shared/ui/Page";

import type { SessionEstimate } from "@app/api/schemas";
import { useEstimate } from "@app/features/sessions/api/useSessions";
import { drawn, learnsWithoutReference, type Draft } from "@app/features/sessions/wizard/draft";
import { EPOCHS } from "@app/features/sessions/wizard/laterSteps";
import type { StepProps } from "@app/features/sessions/wizard/steps";

type Translate = (key: string, options?: Record<string, unknown>) => string;

export function SummaryStep({ draft, catalogue }: StepProps) {
  const { t } = useTranslation();
  const model = catalogue.models.find(({ id }) => id === draft.modelId);
  const sites = catalogue.sites.filter(({ id }) => draft.siteIds.includes(id));
  const epochs = draft.taskParameters[EPOCHS];
  const estimate = useEstimate({ task: draft.task, model_id: draft.modelId, site_ids: draft.siteIds, rounds: Math.max(1, draft.rounds), local_epochs: typeof epochs === "number" ? epochs : 1, without_reference: learnsWithoutReference(draft.taskParameters), fraction: Math.min(1, Math.max(0.01, draft.percent / 100)) });
  return (
    <Facts items={[
      [t("wizard.title"), draft.title === "" ? "–" : draft.title],
      [t("wizard.steps.task"), translatedName("task", draft.task, catalogue.tasks.find(({ name }) => name === draft.task)?.title ?? "–")],
      [t("wizard.steps.model"), model?.name ?? t("wizard.fresh")],
      [t("wizard.steps.sites"), sites.map((site) => site.name).join(", ") || "–"],
      [t("wizard.steps.strategy"), translatedName("strategy", draft.strategy, catalogue.strategies.find(({ name }) => name === draft.strategy)?.title ?? "–")],
      [t("wizard.steps.rounds"), t("wizard.roundsSummary", { rounds: draft.rounds, epochs: typeof epochs === "number" ? epochs : "–" })],
      [t("plan.drawn"), drawnWords(draft, t)],
      [t("wizard.quorum"), t("wizard.quorumSummary", { quorum: draft.quorum, of: sites.length })],
      [t("wizard.deadline"), t("wizard.deadlineSummary", { minutes: formatPlain(draft.deadlineMinutes) })],
      [t("wizard.steps.privacy"), draft.norm === null ? t("plan.normSummaryUsual") : t("plan.normSummary", { norm: formatNumber(draft.norm) })],
      [t("wizard.start"), startWords(draft, t)],
      [t("plan.time"), estimate.data === undefined ? t(estimate.isError ? "plan.timeNone" : "plan.timeWaiting") : timeWords(estimate.data, t)],
      [t("wizard.traffic"), trafficWords(estimate.data, t)],
    ]} />
  );
}

function drawnWords(draft: Draft, t: Translate): string {
  const of = draft.siteIds.length;
  return drawn(draft) >= of ? t("plan.drawnAll", { of }) : t("plan.drawnSummary", { drawn: drawn(draft), of, seed: draft.seed });
}

function startWords(draft: Draft, t: Translate): string {
  if (draft.startAt !== "") return t("plan.startAtSummary", { at: formatDateTime(draft.startAt) });
  return t(draft.startWhenReady ? "wizard.startAuto" : "wizard.startHand");
}

function timeWords(estimate: SessionEstimate, t: Translate): string {
  if (estimate.total_s !== null && estimate.round_s !== null) return t("plan.timeKnown", { all: formatDuration(estimate.total_s), each: formatDuration(estimate.round_s), count: estimate.rounds_seen });
  const unknown = estimate.sites.filter((site) => site.round_s === null).map((site) => site.site_name);
  if (unknown.length === 0) return t("plan.timeNone");
  return t(unknown.length === 1 ? "plan.timeUnknown" : "plan.timeUnknownMore", { names: unknown.join(", ") });
}

function trafficWords(estimate: SessionEstimate | undefined, t: Translate): string {
  if (estimate === undefined || estimate.bytes_site === null || estimate.bytes_all === null) return t("wizard.trafficUnknown");
  return t("wizard.trafficSummary", { site: formatBytes(estimate.bytes_site), all: formatBytes(estimate.bytes_all) });
}
