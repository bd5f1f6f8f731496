/** The steps of the present round. */
import { IconCpu, IconFlagCheck, IconSend, IconSum } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { PhaseStrip, type PhaseStep } from "@shared/ui/PhaseStrip";

import type { Session } from "@app/api/schemas";

const ORDER = ["distribute", "train", "aggregate", "closed"] as const;
const ICONS = { distribute: IconSend, train: IconCpu, aggregate: IconSum, closed: IconFlagCheck };

export function Phases({ session }: { session: Session }) {
  const { t } = useTranslation();
  const at = ORDER.findIndex((phase) => phase === session.phase);
  const current = session.rounds.find((round) => round.round === session.round);
  const training = session.participations.filter(({ progress }) => progress !== null && ["received", "scoring", "training"].includes(progress.phase)).length;
  const notes = {
    distribute: t("phases.sites", { count: current?.expected ?? 0 }),
    train: at === 1 ? t("phases.training", { count: training, received: current?.received ?? 0 }) : t("phases.received", { received: current?.received ?? 0, expected: current?.expected ?? 0 }),
    aggregate: t(`strategy.${session.strategy.name}`, { defaultValue: session.strategy.name }),
    closed: t("phases.round", { round: session.round, of: session.rounds_planned }),
  };
  const finished = session.phase === "closed";
  const steps: PhaseStep[] = ORDER.map((key, index) => ({
    key,
    label: t(`phases.${key}`),
    note: notes[key],
    icon: ICONS[key],
    state: index < at || finished ? "done" : index === at ? "current" : "coming",
  }));
  return <PhaseStrip label={t("phases.title")} steps={steps} />;
}
