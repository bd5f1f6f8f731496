/** Whether the model has learned on studies like this one, in words, and what its intervals promise. */
import { useTranslation } from "react-i18next";

import { translatedAlarm } from "@shared/i18n/server";
import { Notice, type Tone } from "@shared/ui/Chip";

import type { Alarm, ReconstructionDetails } from "@app/api/schemas.results";

const TONES: Record<Alarm["level"], Tone> = { ok: "success", unusual: "warning", unlike: "danger" };
const TITLES = { ok: "recon.familiarOk", unusual: "recon.familiarUnusual", unlike: "recon.familiarUnlike" } as const;

export function Familiar({ details }: { details: ReconstructionDetails }) {
  const { t } = useTranslation();
  const { alarm, intervals } = details;
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const promise = intervals === null ? t("recon.intervalsNone") : intervals.holds ? t("recon.intervals", { level: percent(intervals.level), cases: percent(intervals.case_level) }) : t("recon.intervalsVoid");
  return (
    <section aria-label={t("recon.familiar")}>
      <Notice tone={alarm === null ? "neutral" : TONES[alarm.level]} title={alarm === null ? t("recon.familiarUnknown") : t(TITLES[alarm.level])}>
        {alarm !== null && alarm.findings.length > 0 && <ul style={{ margin: "4px 0 6px", paddingInlineStart: 20 }}>{alarm.findings.map((finding) => <Finding key={finding.code} finding={finding} />)}</ul>}
        <div>{promise}</div>
      </Notice>
    </section>
  );
}

function Finding({ finding }: { finding: Alarm["findings"][number] }) {
  const { sentence, remedy } = translatedAlarm(finding);
  return <li>{sentence} <b>{remedy}</b></li>;
}
