/** Whether what is on screen is true now, or since when it may be stale. */
import { IconBroadcast, IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Chip, Notice } from "@shared/ui/Chip";
import { useNow } from "@shared/ui/useNow";

interface LiveProps {
  status: "connecting" | "live" | "reconnecting";
  since: number;
}

export function LiveBadge({ status, since }: LiveProps) {
  const { t } = useTranslation("shared");
  const now = useNow(1000);
  if (status === "live") {
    return <span role="status"><Chip tone="success" icon={IconBroadcast}><span className="live-word">{t("live.live")}</span></Chip></span>;
  }
  const seconds = Math.max(0, Math.round((now - since) / 1000));
  return (
    <span role="status">
      <Chip tone="warning" icon={IconPlugConnectedX}>
        {t(`live.${status}`)}{status === "reconnecting" && <span aria-hidden="true"> {seconds} s</span>}
      </Chip>
    </span>
  );
}

/** Above the page while the connection is lost. */
export function StaleNotice({ status, since }: LiveProps) {
  const { t } = useTranslation("shared");
  const now = useNow(1000);
  const seconds = Math.round((now - since) / 1000);
  if (status !== "reconnecting" || seconds < 3) return null;
  return <div style={{ marginBottom: 16 }}><Notice tone="warning" title={t("live.staleTitle")}>{t("live.stale", { seconds })}</Notice></div>;
}
