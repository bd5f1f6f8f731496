/** The tamper-evident log. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { AuditBrowser } from "@shared/audit/AuditBrowser";
import { Page } from "@shared/ui/Page";

import { useModels } from "@app/features/models/api/useModels";
import { useSessions } from "@app/features/sessions/api/useSessions";
import { useSites } from "@app/features/sites/api/useSites";

/** What sites, sessions and models are called. */
function useNames(): ReadonlyMap<string, string> {
  const sites = useSites().data;
  const sessions = useSessions().data;
  const models = useModels().data;
  return useMemo(
    () => new Map([
      ...(sites ?? []).map(({ id, name }) => [id, name] as const),
      ...(sessions ?? []).map(({ id, title }) => [id, title] as const),
      ...(models ?? []).map(({ id, name }) => [id, name] as const),
    ]),
    [sites, sessions, models],
  );
}

export function AuditPage() {
  const { t } = useTranslation();
  return <Page title={t("audit.title")} intro={t("audit.intro")}><div className="card"><AuditBrowser names={useNames()} /></div></Page>;
}
