/** The tamper-evident log: looked through, verified, handed over as a file. */
import { Button, Group, Stack } from "@mantine/core";
import { IconDownload, IconSearchOff, IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { AuditFilters } from "@shared/audit/AuditFilters";
import { exportAddress, FORMATS, useAudit, useAuditCheck, type AuditFilter } from "@shared/audit/api";
import { AuditTable } from "@shared/ui/AuditTable";
import { AuditVerdict } from "@shared/ui/AuditVerdict";
import { Empty, Problem, Resource } from "@shared/ui/states";

interface AuditBrowserProps {
  /** What people call the things that the log names by their ids. */
  names: ReadonlyMap<string, string>;
}

export function AuditBrowser({ names }: AuditBrowserProps) {
  const { t } = useTranslation("shared");
  const [filter, setFilter] = useState<AuditFilter>({});
  const [resets, setResets] = useState(0);
  const reset = () => { setFilter({}); setResets(resets + 1); };
  const filtered = Object.values(filter).some((value) => value !== undefined && value !== "");
  const audit = useAudit(filter);
  const check = useAuditCheck();
  return (
    <Stack gap="md">
      <Group gap="xs">
        <Button variant="default" leftSection={<IconShieldCheck size={17} />} loading={check.isPending} onClick={() => check.mutate()}>{t("auditFilter.verify")}</Button>
        {FORMATS.map((format) => <Button key={format} component="a" href={exportAddress(filter, format)} download variant="default" leftSection={<IconDownload size={17} />}>{t(`auditFilter.${format}`)}</Button>)}
      </Group>
      {check.data !== undefined && <AuditVerdict check={check.data} />}
      {check.isError && <Problem error={check.error} onRetry={() => check.mutate()} />}
      <AuditFilters key={resets} filter={filter} names={names} onChange={setFilter} />
      <Resource query={audit} label={t("auditFilter.loading")}>
        {(data) => {
          const rows = data.pages.flat();
          if (rows.length === 0 && filtered) return <Empty plain icon={IconSearchOff} title={t("auditFilter.noneTitle")} action={<Button variant="light" onClick={reset}>{t("auditFilter.reset")}</Button>}>{t("auditFilter.none")}</Empty>;
          if (rows.length === 0) return <Empty plain icon={IconShieldCheck} title={t("auditFilter.emptyTitle")}>{t("auditFilter.empty")}</Empty>;
          return (
            <>
              <AuditTable rows={rows} names={names} />
              {audit.hasNextPage && <Group justify="center"><Button variant="default" loading={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>{t("auditFilter.more")}</Button></Group>}
            </>
          );
        }}
      </Resource>
    </Stack>
  );
}
