/** Where a round is: done, current and coming steps, in order. */
import { IconCheck, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

export interface PhaseStep {
  key: string;
  label: string;
  note: string;
  icon: Icon;
  state: "done" | "current" | "coming";
}

export function PhaseStrip({ label, steps }: { label: string; steps: readonly PhaseStep[] }) {
  const { t } = useTranslation("shared");
  return (
    <ol className="phases card" aria-label={label} aria-live="polite">
      {steps.map((step) => {
        const Symbol = step.state === "done" ? IconCheck : step.icon;
        return (
          <li key={step.key} data-state={step.state} aria-current={step.state === "current" ? "step" : undefined}>
            <span className="phase-dot"><Symbol size={18} stroke={1.9} aria-hidden="true" /></span>
            <span style={{ minWidth: 0 }}>
              <span style={{ display: "block", fontWeight: step.state === "current" ? 680 : 550, fontSize: 14.5, lineHeight: 1.25 }}>
                {step.label}
                <span className="visually-hidden"> ({t(`phase.${step.state}`)})</span>
              </span>
              <span className="num" style={{ color: "var(--muted)", fontSize: 12.5 }}>{step.note}</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
