/** The model registry. */
import { Button, Group } from "@mantine/core";
import { IconArrowsShuffle, IconSchool, IconStack2, IconUpload } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { useModels } from "@app/features/models/api/useModels";
import { AddModel, type NewModel } from "@app/features/models/components/AddModel";
import { ModelBin } from "@app/features/models/components/ModelBin";
import { ModelDrawer } from "@app/features/models/components/ModelDrawer";
import { ModelTable } from "@app/features/models/components/ModelTable";
import { useTasks } from "@app/features/sessions/api/useSessions";
import { metricOf, metricTitles } from "@app/features/sessions/components/metrics";

export function ModelsPage() {
  const { t } = useTranslation();
  const models = useModels();
  const tasks = useTasks();
  const open = useSearch({ from: "/models" }).model;
  const navigate = useNavigate();
  const setOpen = useCallback((id: string | null) => void navigate({ to: "/models", search: id === null ? {} : { model: id }, replace: true, resetScroll: false }), [navigate]);
  const [adding, setAdding] = useState<NewModel | null>(null);
  const task = (name: string | undefined) => tasks.data?.find((known) => known.name === name);
  const shown = models.data?.find(({ id }) => id === open);
  const actions = (
    <Group gap="xs" justify={(models.data?.length ?? 0) > 0 ? "flex-start" : "center"}>
      <ActButton variant="default" leftSection={<IconUpload size={17} />} onClick={() => setAdding("upload")}>{t("models.upload")}</ActButton>
      <ActButton variant="default" leftSection={<IconArrowsShuffle size={17} />} onClick={() => setAdding("random")}>{t("models.random")}</ActButton>
      <ActButton leftSection={<IconSchool size={17} />} onClick={() => setAdding("shipped")}>{t("models.shipped")}</ActButton>
    </Group>
  );
  return (
    <Page title={t("nav.models")} intro={t("models.intro")} actions={(models.data?.length ?? 0) > 0 ? actions : undefined}>
      {open !== undefined && shown === undefined && models.data !== undefined && !models.isFetching && <Notice tone="warning" title={t("models.goneTitle")} action={<Button size="xs" variant="default" onClick={() => setOpen(null)}>{t("models.close")}</Button>}>{t("models.gone")}</Notice>}
      <Resource query={models} label={t("models.loading")}>
        {(list) =>
          list.length === 0 ? <Empty icon={IconStack2} title={t("models.emptyTitle")} action={actions}>{t("models.empty")}</Empty> : <ModelTable models={list} primary={(name) => metricOf(task(name))} onOpen={setOpen} />
        }
      </Resource>
      <ModelBin />
      <ModelDrawer model={shown} models={models.data ?? []} titles={metricTitles(task(shown?.task))} onOpen={setOpen} onClose={() => setOpen(null)} />
      <AddModel kind={adding} tasks={tasks.data ?? []} onClose={() => setAdding(null)} />
    </Page>
  );
}
