/** What a session waits for, or why it ended, with what to do. */
import { useTranslation } from "react-i18next";

import { asSentence, formatDateTime } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";
import { Notice, type Tone } from "@shared/ui/Chip";

import type { Session } from "@app/api/schemas";

const TONES: Partial<Record<Session["state"], Tone>> = { starting: "warning", running: "warning", stopping: "warning", failed: "danger", stopped: "neutral", completed: "success", paused: "warning", aborted: "neutral" };

export function SessionNotice({ session }: { session: Session }) {
  const { t } = useTranslation();
  if (session.reason_text !== "") {
    const problem = translatedProblem(session.reason);
    return (
      <Notice live tone={TONES[session.state] ?? "info"} title={problem?.title ?? session.reason_text}>
        {problem === undefined ? session.advice : `${asSentence(session.reason_text)} ${problem.advice}`}
      </Notice>
    );
  }
  if (session.state !== "offered") return null;
  const open = session.participations.filter((site) => site.state === "invited");
  const planned = session.start_at === null ? "" : t("change.startsAt", { at: formatDateTime(session.start_at) });
  if (open.length === 0) return planned === "" ? null : <Notice live tone="info">{planned}</Notice>;
  return (
    <Notice live tone="info" title={t("session.waitsFor", { count: open.length })}>
      {t("session.waitsUntil", { names: open.map((site) => site.site_name).join(", "), until: formatDateTime(session.answer_by) })} {planned}
    </Notice>
  );
}
