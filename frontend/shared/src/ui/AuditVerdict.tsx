/** The result of checking the audit chain. */
import { useTranslation } from "react-i18next";

import { Notice } from "@shared/ui/Chip";

interface Check {
  ok: boolean;
  rows: number;
  broken_at: number | null;
  head: string;
}

export function AuditVerdict({ check }: { check: Check }) {
  const { t } = useTranslation("shared");
  if (check.ok) {
    return <Notice live tone="success" title={t("audit.ok", { rows: check.rows })}>{t("audit.head")} <span className="mono">{check.head.slice(0, 32)}</span></Notice>;
  }
  return <Notice live tone="danger" title={t("audit.broken", { seq: check.broken_at ?? 0 })}>{t("audit.brokenAdvice")}</Notice>;
}
