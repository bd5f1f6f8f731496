/** The first steps of a new session: task, model, sites. */
import { Checkbox, Radio, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatBytes } from "@shared/format/format";
import { translatedName } from "@shared/i18n/server";
import { Chip, Notice } from "@shared/ui/Chip";
import { Ago } from "@shared/ui/Time";

import { candidates, usableFor, withTask, type Catalogue, type Draft } from "@app/features/sessions/wizard/draft";
import { Option } from "@app/features/sessions/wizard/Option";

export interface StepProps {
  draft: Draft;
  catalogue: Catalogue;
  onChange: (draft: Draft) => void;
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

const FRESH = "";

export function ModelStep({ draft, catalogue, onChange }: StepProps) {
  const { t } = useTranslation();
  const models = catalogue.models.filter((model) => model.task === draft.task);
  return (
    <Radio.Group label={t("wizard.modelLabel")} value={draft.modelId ?? FRESH} onChange={(id) => onChange({ ...draft, modelId: id === FRESH ? null : id })}>
      <Stack gap="sm" mt="xs">
        <Option value={FRESH} title={t("wizard.fresh")} text={t("wizard.freshText")} />
        {models.map((model) => (
          <Option key={model.id} value={model.id} title={model.name} text={<>{t(`model.origin.${model.origin}`)} · {t(`network.${model.network}`, { defaultValue: model.network })} · {formatBytes(model.size_bytes)} · <Ago at={model.created_at} /></>} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

export function SitesStep({ draft, catalogue, onChange }: StepProps) {
  const { t } = useTranslation();
  const sites = candidates(catalogue, draft.task);
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
                <Table.Td className="num">{usableFor(site, draft.task)}</Table.Td>
                <Table.Td className="num">{site.new_studies > 0 ? `+${site.new_studies}` : "–"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Text size="xs" c="dimmed" mt="sm">{t("wizard.sitesNote")}</Text>
    </div>
  );
}
