/** What left this site, and the log of everything that was done. */
import { IconShieldLock } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { AuditBrowser } from "@shared/audit/AuditBrowser";
import { MoreList } from "@shared/ui/MoreList";
import { Card, Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { useModels } from "@app/features/models/api/useModels";
import { SharingCard } from "@app/features/privacy/components/SharingCard";
import { useRequests } from "@app/features/requests/api/useRequests";
import { useSessions } from "@app/features/sessions/api/useSessions";
import { OPENED } from "@app/features/sessions/components/rounds";
import { SentCard } from "@app/features/sessions/components/SentCard";
import { useStudies } from "@app/features/studies/api/useStudies";
import { SharedSummary } from "@app/features/studies/components/SharedSummary";
import { useSystem } from "@app/features/system/api/useSystem";

export function PrivacyPage() {
  const { t } = useTranslation();
  const sessions = useSessions();
  const system = useSystem();
  const names = useNames();
  return (
    <Page title={t("nav.privacy")} intro={t("privacy.intro")}>
      <Resource query={sessions} label={t("privacy.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={IconShieldLock} title={t("privacy.nothingTitle")}>{t("privacy.nothing")}</Empty>
          ) : (
            <MoreList items={list} idOf={({ id }) => id}>{(session, place) => <SentCard session={session} opened={place < OPENED} />}</MoreList>
          )
        }
      </Resource>
      {system.data !== undefined && <SharedSummary grid summary={system.data.shared_summary} />}
      {system.data !== undefined && <SharingCard summary={system.data.shared_summary} />}
      <Card title={t("audit.title")} note={t("audit.intro")}><AuditBrowser names={names} /></Card>
    </Page>
  );
}

/** What studies, sessions and models are called. */
function useNames(): ReadonlyMap<string, string> {
  const studies = useStudies().data;
  const requests = useRequests().data;
  const models = useModels().data;
  return useMemo(
    () => new Map([
      ...(studies ?? []).map(({ id, name }) => [id, name] as const),
      ...(requests ?? []).map(({ session_id: id, offer }) => [id, offer.title] as const),
      ...(models ?? []).map(({ id, name }) => [id, name] as const),
    ]),
    [studies, requests, models],
  );
}
