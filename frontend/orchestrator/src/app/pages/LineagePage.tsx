/** The family of one model; which one is in the address: `?model=ID`. */
import { Anchor, Select, Text } from "@mantine/core";
import { IconBinaryTree2 } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { useFamily, useModels } from "@app/features/models/api/useModels";
import { FamilyGraph } from "@app/features/models/components/FamilyGraph";
import { useTasks } from "@app/features/sessions/api/useSessions";
import { metricOf } from "@app/features/sessions/components/metrics";

export function LineagePage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const models = useModels();
  const wished = useSearch({ from: "/models/lineage" }).model;
  const model = models.data?.find(({ id }) => id === wished) ?? models.data?.[0];
  const show = (id: string) => void navigate({ to: "/models/lineage", search: { model: id }, replace: true, resetScroll: false });
  return (
    <Page title={t("family.title", { name: model?.name ?? "…" })} intro={t("family.intro")} back={<Anchor size="sm" renderRoot={(props) => <Link to="/models" {...props} />}>← {t("nav.models")}</Anchor>}>
      <Resource query={models} label={t("models.loading")}>
        {(list) => model === undefined ? <Empty icon={IconBinaryTree2} title={t("models.emptyTitle")}>{t("models.empty")}</Empty> : (
          <>
            <Select maw={460} searchable limit={50} allowDeselect={false} label={t("family.choose")} value={model.id} data={list.map(({ id, name }) => ({ value: id, label: name }))} onChange={(id) => { if (id !== null) show(id); }} />
            <Family id={model.id} task={model.task} />
          </>
        )}
      </Resource>
    </Page>
  );
}

function Family({ id, task }: { id: string; task: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const family = useFamily(id);
  const tasks = useTasks();
  return (
    <Resource query={family} label={t("family.loading")}>
      {({ items, left_off: leftOff }) => (
        <>
          <FamilyGraph nodes={items} current={id} primary={metricOf(tasks.data?.find(({ name }) => name === task))} onOpen={(model) => void navigate({ to: "/models", search: { model } })} />
          {leftOff > 0 && <Text size="sm" c="dimmed">{t("family.leftOff", { count: leftOff })}</Text>}
        </>
      )}
    </Resource>
  );
}
