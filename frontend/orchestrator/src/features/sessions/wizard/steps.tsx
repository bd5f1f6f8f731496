/** The first steps of a new session: task and sites. */
import { Checkbox, Radio, Stack, Switch, Table, Text } from "@mantine/core";
import type { UseMutationResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { translatedName } from "@shared/i18n/server";
import { Chip, Notice } from "@shared/ui/Chip";

import type { Model } from "@app/api/schemas";
import { bareFor, candidates, learnsWithoutReference, mayLearnWithoutReference, usableFor, withLearning, withTask, type Catalogue, type Draft } from "@app/features/sessions/wizard/draft";
import { Option } from "@app/features/sessions/wizard/Option";

export interface ModelFile {
  file: File;
  name: string;
  task: string;
  terms: string;
}

export interface StepProps {
  draft: Draft;
  catalogue: Catalogue;
  onChange: (draft: Draft) => void;
  /** The task that the package brings a trained network for. */
  shippedTask: string;
  /** Adds the trained network that comes with the package to the models, and chooses it; goes on when its step is left. */
  shipped: UseMutationResult<Model, Error, string>;
  /** Checks a model file, adds it to the models, and chooses it; goes on when its step is left. */
  upload: UseMutationResult<Model, Error, ModelFile>;
}

export function TaskStep({ draft, catalogue, onChange }: StepProps) {
  const { t } = useTranslation();
  return (
    <Radio.Group label={t("wizard.taskLabel")} value={draft.task} onChange={(name) => {
      const task = catalogue.tasks.find((known) => known.name === name);
      if (task !== undefined) onChange(withTask(draft, task, catalogue));
    }}>
      <Stack gap="sm" mt="xs">{catalogue.tasks.map((task) => <Option key={task.name} value={task.name} title={translatedName("task", task.name, task.title)} text={translatedName("taskNote", task.name, task.description)} />)}</Stack>
    </Radio.Group>
  );
}

export function SitesStep({ draft, catalogue, onChange }: StepProps) {
  const { t } = useTranslation();
  const sites = candidates(catalogue, draft.task, draft.taskParameters);
  const mayLearn = mayLearnWithoutReference(catalogue.tasks.find(({ name }) => name === draft.task));
  if (sites.length === 0) return <Notice tone="warning" title={t("wizard.noSites")}>{t("wizard.noSitesAdvice")}</Notice>;
  const toggle = (id: string, on: boolean) => {
    const siteIds = on ? [...draft.siteIds, id] : draft.siteIds.filter((known) => known !== id);
    onChange({ ...draft, siteIds, quorum: Math.max(1, Math.min(draft.quorum, siteIds.length)) });
  };
  return (
    <div>
      <Text size="sm" fw={500} mb="xs">{t("wizard.sitesLabel")}</Text>
      <div className="table-wrap">
        <Table aria-label={t("wizard.sitesLabel")} verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>{(["name", "state", "usable", "new"] as const).map((name) => <Table.Th key={name} scope="col">{t(`wizard.${name}`)}</Table.Th>)}</Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sites.map((site) => (
              <Table.Tr key={site.id}>
                <Table.Td><Checkbox label={site.name} checked={draft.siteIds.includes(site.id)} onChange={(event) => toggle(site.id, event.currentTarget.checked)} /></Table.Td>
                <Table.Td>{site.online ? <Chip tone="success">{t("site.online")}</Chip> : <Chip tone="neutral">{t("site.offline")}</Chip>}</Table.Td>
                <Table.Td className="num">
                  {usableFor(site, draft.task, draft.taskParameters)}
                  {mayLearn && bareFor(site, draft.task, draft.taskParameters) > 0 && <Text size="xs" c="dimmed">{t("plan.bare", { count: bareFor(site, draft.task, draft.taskParameters) })}</Text>}
                </Table.Td>
                <Table.Td className="num">{site.new_studies > 0 ? `+${site.new_studies}` : "–"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Text size="xs" c="dimmed" mt="sm">{t("wizard.sitesNote")}</Text>
      {mayLearn && <Switch mt="md" label={t("plan.withoutReference")} description={t("plan.withoutReferenceNote")} checked={learnsWithoutReference(draft.taskParameters)} onChange={(event) => onChange(withLearning(draft, catalogue, event.currentTarget.checked))} />}
    </div>
  );
}
