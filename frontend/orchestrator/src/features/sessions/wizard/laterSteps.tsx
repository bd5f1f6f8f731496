/** The later steps of a new session: strategy and parameters, rounds, summary. */
import { Radio, SimpleGrid, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatBytes, formatPlain } from "@shared/format/format";
import { defaultsOf, fieldsOf } from "@shared/forms/jsonSchema";
import { NumberField } from "@shared/forms/NumberField";
import { SchemaForm } from "@shared/forms/SchemaForm";
import { translatedName } from "@shared/i18n/server";
import { Facts } from "@shared/ui/Page";

import { Option } from "@app/features/sessions/wizard/Option";
import type { StepProps } from "@app/features/sessions/wizard/steps";

/** Shown with the rounds, because a manager thinks of both together. */
const EPOCHS = "local_epochs";

export function StrategyStep({ draft, catalogue, onChange }: StepProps) {
  const { t } = useTranslation();
  const task = catalogue.tasks.find(({ name }) => name === draft.task);
  const strategy = catalogue.strategies.find(({ name }) => name === draft.strategy);
  return (
    <Stack gap="lg">
      <Radio.Group label={t("wizard.strategyLabel")} value={draft.strategy} onChange={(name) => {
        const chosen = catalogue.strategies.find((known) => known.name === name);
        onChange({ ...draft, strategy: name, strategyParameters: defaultsOf(chosen?.parameters_schema) });
      }}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" mt="xs">
          {catalogue.strategies.map((known) => <Option key={known.name} value={known.name} title={translatedName("strategy", known.name, known.title)} text={translatedName("strategyNote", known.name, known.description)} />)}
        </SimpleGrid>
      </Radio.Group>
      {fieldsOf(strategy?.parameters_schema).length > 0 && (
        <SchemaForm schema={strategy?.parameters_schema} values={draft.strategyParameters} onChange={(strategyParameters) => onChange({ ...draft, strategyParameters })} />
      )}
      <div>
        <Text fw={620} mb="xs">{t("wizard.taskParameters")}</Text>
        <SchemaForm omit={[EPOCHS]} schema={task?.parameters_schema} values={draft.taskParameters} onChange={(taskParameters) => onChange({ ...draft, taskParameters })} />
      </div>
    </Stack>
  );
}

const whole = (value: number | string) => (typeof value === "number" ? Math.round(value) : 0);

export function RoundsStep({ draft, catalogue, onChange }: StepProps) {
  const { t } = useTranslation();
  const task = catalogue.tasks.find(({ name }) => name === draft.task);
  return (
    <Stack gap="md">
      <TextInput required label={t("wizard.title")} description={t("wizard.titleNote")} maxLength={80} value={draft.title} onChange={(event) => onChange({ ...draft, title: event.currentTarget.value })} />
      <SchemaForm only={[EPOCHS]} schema={task?.parameters_schema} values={draft.taskParameters} onChange={(taskParameters) => onChange({ ...draft, taskParameters })}>
        <NumberField label={t("wizard.rounds")} description={t("wizard.roundsNote")} min={1} max={1000} allowDecimal={false} value={draft.rounds} onChange={(value) => onChange({ ...draft, rounds: whole(value) })} />
        <NumberField label={t("wizard.quorum")} description={t("wizard.quorumNote", { count: draft.siteIds.length })} min={1} max={Math.max(1, draft.siteIds.length)} allowDecimal={false} value={draft.quorum} onChange={(value) => onChange({ ...draft, quorum: whole(value) })} />
        <NumberField label={t("wizard.deadline")} description={t("wizard.deadlineNote")} min={1} max={10_080} value={draft.deadlineMinutes} onChange={(value) => onChange({ ...draft, deadlineMinutes: Number(value) })} />
        <NumberField label={t("wizard.answer")} description={t("wizard.answerNote")} min={1} max={720} value={draft.answerHours} onChange={(value) => onChange({ ...draft, answerHours: Number(value) })} />
      </SchemaForm>
      <Switch label={t("wizard.auto")} description={t("wizard.autoNote")} checked={draft.startWhenReady} onChange={(event) => onChange({ ...draft, startWhenReady: event.currentTarget.checked })} />
      <Textarea label={t("wizard.note")} description={t("wizard.noteNote")} maxLength={2000} autosize minRows={2} value={draft.note} onChange={(event) => onChange({ ...draft, note: event.currentTarget.value })} />
    </Stack>
  );
}

export function SummaryStep({ draft, catalogue }: StepProps) {
  const { t } = useTranslation();
  const model = catalogue.models.find(({ id }) => id === draft.modelId);
  const sites = catalogue.sites.filter(({ id }) => draft.siteIds.includes(id));
  const epochs = draft.taskParameters[EPOCHS];
  return (
    <Facts items={[
      [t("wizard.title"), draft.title === "" ? "–" : draft.title],
      [t("wizard.steps.task"), translatedName("task", draft.task, catalogue.tasks.find(({ name }) => name === draft.task)?.title ?? "–")],
      [t("wizard.steps.model"), model?.name ?? t("wizard.fresh")],
      [t("wizard.steps.sites"), sites.map((site) => site.name).join(", ") || "–"],
      [t("wizard.steps.strategy"), translatedName("strategy", draft.strategy, catalogue.strategies.find(({ name }) => name === draft.strategy)?.title ?? "–")],
      [t("wizard.steps.rounds"), t("wizard.roundsSummary", { rounds: draft.rounds, epochs: typeof epochs === "number" ? epochs : "–" })],
      [t("wizard.quorum"), t("wizard.quorumSummary", { quorum: draft.quorum, of: sites.length })],
      [t("wizard.deadline"), t("wizard.deadlineSummary", { minutes: formatPlain(draft.deadlineMinutes) })],
      [t("wizard.traffic"), model === undefined ? t("wizard.trafficUnknown") : t("wizard.trafficSummary", { site: formatBytes(model.size_bytes * 2 * draft.rounds), all: formatBytes(model.size_bytes * 2 * draft.rounds * sites.length) })],
      [t("wizard.start"), t(draft.startWhenReady ? "wizard.startAuto" : "wizard.startHand")],
    ]} />
  );
}
