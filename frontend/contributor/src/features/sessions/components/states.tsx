/** How phases and states look at this site. */
import { IconBan, IconHandStop, IconSend } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Chip, type Tone } from "@shared/ui/Chip";

import type { SiteRoundBrief, SiteSessionSummary } from "@app/api/schemas";

const PHASES: Record<SiteRoundBrief["phase"], { tone: Tone; icon?: typeof IconBan }> = {
  waiting: { tone: "neutral" },
  received: { tone: "info" },
  scoring: { tone: "info" },
  training: { tone: "info" },
  held: { tone: "warning", icon: IconHandStop },
  sending: { tone: "info", icon: IconSend },
  sent: { tone: "success" },
  failed: { tone: "danger" },
  withdrawn: { tone: "neutral", icon: IconBan },
};

export function PhaseChip({ phase }: { phase: SiteRoundBrief["phase"] }) {
  const { t } = useTranslation();
  return <span role="status"><Chip {...PHASES[phase]}>{t(`phase.${phase}`)}</Chip></span>;
}

const TONES: Record<string, Tone> = { running: "info", starting: "info", offered: "warning", paused: "warning", completed: "success", failed: "danger", stopping: "warning" };

export function SessionChip({ session }: { session: SiteSessionSummary }) {
  const { t } = useTranslation();
  if (session.consent_state === "withdrawn") return <Chip tone="neutral" icon={IconBan}>{t("training.withdrawn")}</Chip>;
  return <span role="status"><Chip tone={TONES[session.state] ?? "neutral"}>{t(`training.state.${session.state}`, { defaultValue: session.state })}</Chip></span>;
}
