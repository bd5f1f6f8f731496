/** What can be done with a session now; each act says first what will happen. */
import { IconArrowMerge, IconCalendarOff, IconPlayerPause, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

import type { Session } from "@app/api/schemas";
import { useSessionAction, type SessionAction } from "@app/features/sessions/api/useSessions";

const ICONS = { start: IconPlayerPlay, resume: IconPlayerPlay, pause: IconPlayerPause, "combine-now": IconArrowMerge, stop: IconPlayerStop, abort: IconCalendarOff };
const ENDING: readonly SessionAction[] = ["stop", "abort"];

function possible(session: Session): SessionAction[] {
  const actions: SessionAction[] = [];
  if (session.can_start) actions.push("start");
  if (session.can_resume) actions.push("resume");
  if (session.can_combine_now) actions.push("combine-now");
  if (session.state === "running") actions.push("pause");
  if (session.can_stop) actions.push("stop");
  if (session.can_abort) actions.push("abort");
  return actions;
}

export function SessionActions({ session }: { session: Session }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<SessionAction | null>(null);
  const action = useSessionAction(session.id);
  const shown = asked ?? "stop";
  const close = () => { setAsked(null); action.reset(); };
  const values = { round: session.round, count: session.rounds.filter((round) => round.state === "closed").length, title: session.title };
  const consequences = [t(`act.${shown}.first`, values), t(`act.${shown}.second`, values)];
  return (
    <>
      {possible(session).map((name) => {
        const Symbol = ICONS[name];
        return (
          <ActButton key={name} variant={name === "start" || name === "resume" ? "filled" : ENDING.includes(name) ? "light" : "default"} color={ENDING.includes(name) ? "red" : undefined}
            leftSection={<Symbol size={17} />} onClick={() => setAsked(name)}>
            {t(`act.${name}.label`)}
          </ActButton>
        );
      })}
      <ConfirmDialog opened={asked !== null} title={t(`act.${shown}.title`, values)} lead={t(`act.${shown}.lead`, values)} consequences={consequences} destructive={ENDING.includes(shown)}
        confirm={t(`act.${shown}.confirm`)} busy={action.isPending} error={action.error} onClose={close}
        onConfirm={() => { if (asked !== null) action.mutate(asked, { onSuccess: close }); }} />
    </>
  );
}
