/** The later steps of a new session: strategy and parameters, rounds. */
import { Accordion, Radio, SimpleGrid, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { defaultsOf, fieldsOf, isComplete } from "@shared/forms/jsonSchema";
import { NumberField } from "@shared/forms/NumberField";
import { SchemaForm } from "@shared/forms/SchemaForm";
import { translatedName } from "@shared/i18n/server";
import { drawn, WITHOUT_REFERENCE } from "@app/features/sessions/wizard/draft";
import { Option } from "@app/features/sessions/wizard/Option";
import type { StepProps } from "@app/features/sessions/wizard/steps";

/** Shown with the rounds, because a manager thinks of both together. */
export const EPOCHS = "local_epochs";

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
      <Accordion variant="separated" defaultValue={isComplete(task?.parameters_schema, draft.taskParameters) ? null : "task"}>
        <Accordion.Item value="task">
          <Accordion.Control>
            <Text fw={620}>{t("wizard.taskParameters")}</Text>
            <Text size="sm" c="dimmed">{t("plan.usualValues")}</Text>
          </Accordion.Control>
          <Accordion.Panel>
            <SchemaForm omit={[EPOCHS, WITHOUT_REFERENCE]} schema={task?.parameters_schema} values={draft.taskParameters} onChange={(taskParameters) => onChange({ ...draft, taskParameters })} />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Stack>
  );
}

/** A German field gives text. */
const whole = (value: number | string) => (value === "" ? 0 : Math.round(Number(value)));

export function RoundsStep({ draft, catalogue, onChange }: StepProps) {
  const { t } = useTranslation();
  const task = catalogue.tasks.find(({ name }) => name === draft.task);
  return (
    <Stack gap="md">
      <TextInput required label={t("wizard.title")} description={t("wizard.titleNote")} maxLength={80} value={draft.title} onChange={(event) => onChange({ ...draft, title: event.currentTarget.value })} />
      <SchemaForm only={[EPOCHS]} schema={task?.parameters_schema} values={draft.taskParameters} onChange={(taskParameters) => onChange({ ...draft, taskParameters })}>
        <NumberField label={t("wizard.rounds")} description={t("wizard.roundsNote")} min={1} max={1000} allowDecimal={false} value={draft.rounds} onChange={(value) => onChange({ ...draft, rounds: whole(value) })} />
        <NumberField label={t("wizard.quorum")} description={t("wizard.quorumNote", { count: draft.siteIds.length })} min={1} max={Math.max(1, draft.siteIds.length)} allowDecimal={false} value={draft.quorum} onChange={(value) => onChange({ ...draft, quorum: whole(value) })} />
        <NumberField label={t("plan.fraction")} description={t("plan.fractionNote", { count: drawn(draft) })} min={1} max={100} allowDecimal={false} value={draft.percent} onChange={(value) => onChange({ ...draft, percent: whole(value) })} />
        <NumberField label={t("plan.seed")} description={t("plan.seedNote")} min={0} max={2_147_483_647} allowDecimal={false} value={draft.seed} onChange={(value) => onChange({ ...draft, seed: whole(value) })} />
        <NumberField label={t("wizard.deadline")} description={t("wizard.deadlineNote")} min={1} max={10_080} value={draft.deadlineMinutes} onChange={(value) => onChange({ ...draft, deadlineMinutes: Number(value) })} />
        <NumberField label={t("wizard.answer")} description={t("wizard.answerNote")} min={1} max={720} value={draft.answerHours} onChange={(value) => onChange({ ...draft, answerHours: Number(value) })} />
      </SchemaForm>
      <TextInput type="datetime-local" label={t("plan.startAt")} description={t("plan.startAtNote")} maw={320} value={draft.startAt} onChange={(event) => onChange({ ...draft, startAt: event.currentTarget.value })} />
      <Switch label={t("wizard.auto")} description={t("wizard.autoNote")} disabled={draft.startAt !== ""} checked={draft.startWhenReady || draft.startAt !== ""} onChange={(event) => onChange({ ...draft, startWhenReady: event.currentTarget.checked })} />
      <Textarea label={t("wizard.note")} description={t("wizard.noteNote")} maxLength={2000} autosize minRows={2} value={draft.note} onChange={(event) => onChange({ ...draft, note: event.currentTarget.value })} />
    </Stack>
  );
}
