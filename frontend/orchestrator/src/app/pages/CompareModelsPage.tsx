/** Two models of a task beside each other; which ones is in the address: `?first=A&second=B`. */
import { Anchor, Select, SimpleGrid } from "@mantine/core";
import { IconArrowsLeftRight } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { useModelPair, useModels } from "@app/features/models/api/useModels";
import { ModelComparison } from "@app/features/models/components/ModelComparison";
import { useTasks } from "@app/features/sessions/api/useSessions";
import { metricTitles } from "@app/features/sessions/components/metrics";

export function CompareModelsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { first, second } = useSearch({ from: "/models/compare" });
  const models = useModels();
  const task = models.data?.find(({ id }) => id === first)?.task;
  const choose = (chosen: { first?: string; second?: string }) => void navigate({ to: "/models/compare", search: chosen, replace: true, resetScroll: false });
  const field = (name: "first" | "second", value: string | undefined, data: { value: string; label: string }[], onChange: (id: string | null) => void) => (
    <Select searchable limit={50} clearable label={t(`pair.${name}`)} value={value ?? null} data={data} onChange={onChange} />
  );
  return (
    <Page title={t("pair.title")} intro={t("pair.intro")} back={<Anchor size="sm" renderRoot={(props) => <Link to="/models" {...props} />}>← {t("nav.models")}</Anchor>}>
      <Resource query={models} label={t("models.loading")}>
        {(list) => {
          const options = (only: string | undefined, not: string | undefined) => list.filter((model) => (only === undefined || model.task === only) && model.id !== not).map(({ id, name }) => ({ value: id, label: name }));
          const rest = (id: string | undefined, name: "first" | "second") => (id === undefined ? {} : { [name]: id });
          return (
            <div className="card">
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                {field("first", first, options(undefined, second), (id) => choose({ ...rest(id ?? undefined, "first"), ...(list.find((model) => model.id === id)?.task === list.find((model) => model.id === second)?.task ? rest(second, "second") : {}) }))}
                {field("second", second, options(task, first), (id) => choose({ ...rest(first, "first"), ...rest(id ?? undefined, "second") }))}
              </SimpleGrid>
            </div>
          );
        }}
      </Resource>
      {first === undefined || second === undefined ? <Empty icon={IconArrowsLeftRight} title={t("pair.few")}>{t("pair.fewNote")}</Empty> : <Pair first={first} second={second} modelName={(id) => models.data?.find((model) => model.id === id)?.name ?? id.slice(0, 12)} />}
    </Page>
  );
}

function Pair({ first, second, modelName }: { first: string; second: string; modelName: (id: string) => string }) {
  const { t } = useTranslation();
  const pair = useModelPair(first, second);
  const tasks = useTasks();
  return <Resource query={pair} label={t("pair.loading")}>{(found) => <ModelComparison key={`${first}/${second}`} pair={found} titles={metricTitles(tasks.data?.find(({ name }) => name === found.first.task))} modelName={modelName} />}</Resource>;
}
