/** The tamper-evident log. */
import { Button, Group } from "@mantine/core";
import { IconDownload, IconSearchOff, IconShieldCheck } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { AuditTable } from "@shared/ui/AuditTable";
import { AuditVerdict } from "@shared/ui/AuditVerdict";
import { Page } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";

import { exportAddress, useAudit, useAuditCheck, type AuditFilter } from "@app/features/audit/api/useAudit";
import { AuditFilters } from "@app/features/audit/components/AuditFilters";
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
  const [filter, setFilter] = useState<AuditFilter>({});
  const filtered = Object.values(filter).some((value) => value !== undefined && value !== "");
  const audit = useAudit(filter);
  const check = useAuditCheck();
  const names = useNames();
  return (
    <Page title={t("audit.title")} intro={t("audit.intro")} actions={<>
      <Button variant="default" leftSection={<IconShieldCheck size={17} />} loading={check.isPending} onClick={() => check.mutate()}>{t("audit.verify")}</Button>
      {(["csv", "json"] as const).map((format) => <Button key={format} component="a" href={exportAddress(filter, format)} download variant="default" leftSection={<IconDownload size={17} />}>{t(`auditFilter.${format}`)}</Button>)}
    </>}>
      {check.data !== undefined && <AuditVerdict check={check.data} />}
      {check.isError && <Problem error={check.error} onRetry={() => check.mutate()} />}
      <div className="card"><AuditFilters filter={filter} names={names} onChange={setFilter} /></div>
      <Resource query={audit} label={t("audit.loading")}>
        {(data) => {
          const rows = data.pages.flat();
          if (rows.length === 0 && filtered) return <Empty icon={IconSearchOff} title={t("auditFilter.noneTitle")} action={<Button variant="light" onClick={() => setFilter({})}>{t("auditFilter.reset")}</Button>}>{t("auditFilter.none")}</Empty>;
          if (rows.length === 0) return <Empty icon={IconShieldCheck} title={t("audit.emptyTitle")}>{t("audit.empty")}</Empty>;
          return (
            <div className="card">
              <AuditTable rows={rows} names={names} />
              {audit.hasNextPage && <Group justify="center" mt="md"><Button variant="default" loading={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>{t("audit.more")}</Button></Group>}
            </div>
          );
        }}
      </Resource>
    </Page>
  );
}
