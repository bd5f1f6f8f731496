/** What left this site, and the log of everything that was done. */
import { Button, Group, Stack } from "@mantine/core";
import { IconShieldCheck, IconShieldLock } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes } from "@shared/format/format";
import { AuditTable } from "@shared/ui/AuditTable";
import { AuditVerdict } from "@shared/ui/AuditVerdict";
import { Card, Page } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";

import { useModels } from "@app/features/models/api/useModels";
import { useAudit, useAuditCheck } from "@app/features/privacy/api/useAudit";
import { SharingCard } from "@app/features/privacy/components/SharingCard";
import { useRequests } from "@app/features/requests/api/useRequests";
import { useSessions } from "@app/features/sessions/api/useSessions";
import { Receipts } from "@app/features/sessions/components/Receipts";
import { useStudies } from "@app/features/studies/api/useStudies";
import { SharedSummary } from "@app/features/studies/components/SharedSummary";
import { useSystem } from "@app/features/system/api/useSystem";

export function PrivacyPage() {
  const { t } = useTranslation();
  const sessions = useSessions();
  const system = useSystem();
  return (
    <Page title={t("nav.privacy")} intro={t("privacy.intro")}>
      <Resource query={sessions} label={t("privacy.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={IconShieldLock} title={t("privacy.nothingTitle")}>{t("privacy.nothing")}</Empty>
          ) : (
            <Stack gap="md">
              {list.map((session) => <Card key={session.id} title={session.title} note={t("privacy.total", { bytes: formatBytes(session.bytes_sent) })}><Receipts rounds={session.rounds} /></Card>)}
            </Stack>
          )
        }
      </Resource>
      {system.data !== undefined && <SharedSummary grid summary={system.data.shared_summary} />}
      {system.data !== undefined && <SharingCard summary={system.data.shared_summary} />}
      <AuditCard />
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

function AuditCard() {
  const { t } = useTranslation();
  const audit = useAudit();
  const check = useAuditCheck();
  const names = useNames();
  const verify = <Button size="xs" variant="default" leftSection={<IconShieldCheck size={16} />} loading={check.isPending} onClick={() => check.mutate()}>{t("audit.verify")}</Button>;
  return (
    <Card title={t("audit.title")} note={t("audit.intro")} aside={verify}>
      <Stack gap="md">
        {check.data !== undefined && <AuditVerdict check={check.data} />}
        {check.isError && <Problem error={check.error} onRetry={() => check.mutate()} />}
        <Resource query={audit} label={t("audit.loading")}>
          {(data) => {
            const rows = data.pages.flat();
            if (rows.length === 0) return <Empty plain icon={IconShieldCheck} title={t("audit.emptyTitle")}>{t("audit.empty")}</Empty>;
            return (
              <>
                <AuditTable rows={rows} names={names} />
                {audit.hasNextPage && <Group justify="center"><Button variant="default" loading={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>{t("audit.more")}</Button></Group>}
              </>
            );
          }}
        </Resource>
      </Stack>
    </Card>
  );
}
