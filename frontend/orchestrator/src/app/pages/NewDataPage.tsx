/** The inbox of new data: who has what since which model, whether it is enough, and the way to a session. */
import { Button, Stack } from "@mantine/core";
import { IconActivityHeartbeat, IconInbox } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { Page } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";

import type { components } from "@app/api/schema";
import { useNewData } from "@app/features/newdata/api/useNewData";
import { NewDataTable } from "@app/features/newdata/components/NewDataTable";
import { useSites } from "@app/features/sites/api/useSites";

type View = components["schemas"]["NewDataView"];

export function NewDataPage() {
  const { t } = useTranslation();
  const sites = useSites();
  const news = useNewData(sites.data);
  return (
    <Page title={t("newData.title")} intro={t("newData.intro")}>
      {sites.isError ? <Problem error={sites.error} onRetry={() => void sites.refetch()} /> : (
        <Resource query={news} label={t("newData.loading")}>
          {(view) => (view.items.length > 0 ? <Inbox view={view} /> : (
            <Empty icon={IconInbox} title={t("newData.emptyTitle")} action={<Button variant="light" renderRoot={(props) => <Link to="/sites" {...props} />}>{t("newData.toSites")}</Button>}>{t("newData.empty")}</Empty>
          ))}
        </Resource>
      )}
    </Page>
  );
}

function Inbox({ view }: { view: View }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [changed, setChanged] = useState<ReadonlyMap<string, boolean>>(new Map());
  const chosen = new Set(view.items.filter((site) => changed.get(site.site_id) ?? site.enough).map((site) => site.site_id));
  const have = view.items.filter((site) => site.enough).length;
  const least = t("newData.studies", { count: view.least_new_studies });
  return (
    <Stack gap="md">
      {view.enough
        ? <Notice tone="success" title={t("newData.ready")}>{t("newData.readyText", { count: have, least })}</Notice>
        : <Notice tone="info" title={t("newData.notYet")}>{t("newData.notYetText", { have, count: view.least_sites, least })}</Notice>}
      <div className="card">
        <NewDataTable rows={view.items} least={view.least_new_studies} chosen={chosen} onToggle={(id, on) => setChanged(new Map(changed).set(id, on))} />
      </div>
      <div>
        <ActButton leftSection={<IconActivityHeartbeat size={17} />} disabled={chosen.size === 0} onClick={() => void navigate({ to: "/training/new", search: { sites: [...chosen].join(",") } })}>
          {chosen.size === 0 ? t("newData.startNone") : t("newData.start", { count: chosen.size })}
        </ActButton>
      </div>
    </Stack>
  );
}
