/** A state in a word, with an icon, never by colour alone. */
import {
  IconAlertTriangle, IconCircleCheck, IconCircleX, IconClock, IconInfoCircle, IconLoader2, type Icon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";

export type Tone = "neutral" | "info" | "success" | "warning" | "danger";

const ICONS: Record<Tone, Icon> = {
  neutral: IconClock,
  info: IconLoader2,
  success: IconCircleCheck,
  warning: IconAlertTriangle,
  danger: IconCircleX,
};

interface ChipProps {
  tone?: Tone;
  icon?: Icon | undefined;
  children: ReactNode;
}

export function Chip({ tone = "neutral", icon, children }: ChipProps) {
  const Symbol = icon ?? ICONS[tone];
  return (
    <span className="chip" data-tone={tone}>
      <Symbol size={14} stroke={2.2} aria-hidden="true" />
      <span>{children}</span>
    </span>
  );
}

interface NoticeProps {
  tone?: Tone;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  live?: boolean;
}

/** A framed remark; `live` has screen readers say it when it appears. */
export function Notice({ tone = "info", title, children, action, live = false }: NoticeProps) {
  const Symbol = tone === "info" || tone === "neutral" ? IconInfoCircle : ICONS[tone];
  return (
    <div className="notice" data-tone={tone} role={live ? "status" : undefined}>
      <Symbol size={20} aria-hidden="true" />
      <div style={{ flex: 1, minWidth: 0 }}>
        {title !== undefined && <div style={{ fontWeight: 650 }}>{title}</div>}
        {children !== undefined && <div style={{ fontSize: 14, lineHeight: 1.5 }}>{children}</div>}
        {action !== undefined && <div style={{ marginTop: 10 }}>{action}</div>}
      </div>
    </div>
  );
}
