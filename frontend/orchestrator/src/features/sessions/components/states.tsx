/** How the states of a session and of a site in it look. */
import { IconBan, IconCircleCheck, IconClockPause, IconHourglass, IconPlayerStop, IconSend, IconUserCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Chip, type Tone } from "@shared/ui/Chip";

import type { Participation, Session } from "@app/api/schemas";

const SESSION: Record<Session["state"], { tone: Tone; icon?: typeof IconBan }> = {
  draft: { tone: "neutral" },
  offered: { tone: "warning", icon: IconHourglass },
  starting: { tone: "info" },
  running: { tone: "info" },
  paused: { tone: "warning", icon: IconClockPause },
  stopping: { tone: "warning" },
  completed: { tone: "success" },
  stopped: { tone: "neutral", icon: IconPlayerStop },
  failed: { tone: "danger" },
  aborted: { tone: "neutral", icon: IconBan },
};

export function SessionChip({ state }: { state: Session["state"] }) {
  const { t } = useTranslation();
  return <span role="status"><Chip {...SESSION[state]}>{t(`session.state.${state}`)}</Chip></span>;
}

type Phase = NonNullable<Participation["progress"]>["phase"];
const PHASES: Record<Phase, { tone: Tone; icon?: typeof IconBan }> = {
  waiting: { tone: "neutral" },
  received: { tone: "info" },
  scoring: { tone: "info" },
  training: { tone: "info" },
  held: { tone: "warning", icon: IconHourglass },
  sending: { tone: "info", icon: IconSend },
  sent: { tone: "success", icon: IconCircleCheck },
  failed: { tone: "danger" },
  withdrawn: { tone: "neutral", icon: IconBan },
};
const ANSWERS: Record<Participation["state"], { tone: Tone; icon?: typeof IconBan }> = {
  invited: { tone: "neutral" },
  agreed: { tone: "success", icon: IconUserCheck },
  declined: { tone: "neutral", icon: IconBan },
  training: { tone: "info" },
  finished: { tone: "success" },
  withdrawn: { tone: "warning", icon: IconBan },
};

/** The phase while it trains, the answer otherwise. */
export function ParticipationChip({ site, session }: { site: Participation; session: Session["state"] }) {
  const { t } = useTranslation();
  if (site.state === "training" && site.progress !== null) {
    return <Chip {...PHASES[site.progress.phase]}>{t(`session.phase.${site.progress.phase}`)}</Chip>;
  }
  if (site.state === "finished" && session === "failed") return <Chip tone="neutral">{t("session.noResult")}</Chip>;
  return <Chip {...ANSWERS[site.state]}>{t(`session.answer.${site.state}`)}</Chip>;
}
