/** Sessions beside each other; which ones is in the address: `?ids=a,b`. */
import { Anchor, MultiSelect } from "@mantine/core";
import { IconArrowsLeftRight } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { formatDateTime } from "@shared/format/format";
import { Page } from "@shared/ui/Page";
import { Empty, Loading, Problem, Resource } from "@shared/ui/states";

import { useModels } from "@app/features/models/api/useModels";
import { useSessions, useTasks, useWholeSessions } from "@app/features/sessions/api/useSessions";
import { metricTitles } from "@app/features/sessions/components/metrics";
import { SessionComparison } from "@app/features/sessions/components/SessionComparison";

export function CompareSessionsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const ids = (useSearch({ from: "/training/compare" }).ids ?? "").split(",").filter((id) => id !== "");
  const sessions = useSessions();
  const tasks = useTasks();
  const models = useModels();
  const { whole, pending, error } = useWholeSessions(ids);
  const choose = (chosen: string[]) => void navigate({ to: "/training/compare", search: chosen.length === 0 ? {} : { ids: chosen.join(",") }, replace: true, resetScroll: false });
  const titles = Object.assign({}, ...(tasks.data ?? []).map(metricTitles));
  return (
    <Page title={t("compare.title")} intro={t("compare.intro")} back={<Anchor size="sm" renderRoot={(props) => <Link to="/training" {...props} />}>← {t("nav.training")}</Anchor>}>
      <Resource query={sessions} label={t("session.loading")}>
        {(list) => (
          <div className="card">
            <MultiSelect searchable hidePickedOptions limit={50} maxValues={6} label={t("compare.choose")} description={t("compare.chooseNote")} value={ids} onChange={choose}
              data={list.map((session) => ({ value: session.id, label: `${session.title} · ${formatDateTime(session.created_at)}` }))} />
          </div>
        )}
      </Resource>
      {error !== null && <Problem error={error} />}
      {ids.length < 2 ? <Empty icon={IconArrowsLeftRight} title={t("compare.few")}>{t("compare.fewNote")}</Empty>
        : pending ? <Loading label={t("session.loading")} />
        : whole.length > 1 && <SessionComparison sessions={whole} titles={titles} modelName={(id) => models.data?.find((model) => model.id === id)?.name ?? id} />}
    </Page>
  );
}
