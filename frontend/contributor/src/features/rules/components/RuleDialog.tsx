/** What a standing rule agrees to, and within which limits. */
import { Checkbox, Group, Modal, Radio, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { HoursFields } from "@shared/forms/HoursFields";
import { WholeField } from "@shared/forms/WholeField";
import { Problem } from "@shared/ui/states";
import { useLast } from "@shared/ui/useLast";

import { useSaveRule, type Rule, type RuleWish } from "@app/features/rules/api/useRules";

const TASKS = ["spect-reconstruction", "brain-segmentation"] as const;
const NIGHT = { begin: "20:00", end: "06:00" };

interface RuleDialogProps {
  edited: Rule | "new" | null;
  onClose: () => void;
}

function wishOf(rule: Rule | null, name: string): RuleWish {
  if (rule === null) return { name, task: TASKS[0], max_rounds: 50, rounds_a_week: 20, hours: NIGHT, send_model: "yes", until: null };
  const { name: called, task, max_rounds, rounds_a_week = null, hours = null, send_model = "yes", until = null } = rule;
  return { name: called, task, max_rounds, rounds_a_week, hours, send_model, until };
}

/** Always on the page, open or not: so the keyboard is led back to where it came from. */
export function RuleDialog({ edited, onClose }: RuleDialogProps) {
  const { t } = useTranslation();
  const shown = useLast(edited);
  return (
    <Modal opened={edited !== null} onClose={onClose} size="lg" title={<Text fw={650} size="lg">{t(shown === "new" ? "rules.newTitle" : "rules.editTitle")}</Text>} closeButtonProps={{ "aria-label": t("rules.close") }}>
      <RuleForm key={shown === "new" ? shown : shown?.id} rule={shown === "new" ? null : shown} onClose={onClose} />
    </Modal>
  );
}

function RuleForm({ rule, onClose }: { rule: Rule | null; onClose: () => void }) {
  const { t } = useTranslation();
  const save = useSaveRule();
  const [wish, setWish] = useState(() => wishOf(rule, t("rules.suggested")));
  const change = (part: Partial<RuleWish>) => setWish((before) => ({ ...before, ...part }));
  const fits = wish.name.trim() !== "" && ![wish.max_rounds, wish.rounds_a_week].some(Number.isNaN);
  return (
    <Stack gap="md">
      <Notice tone="info" title={t("rules.meansTitle")}>{t("rules.means")}</Notice>
      <TextInput label={t("rules.name")} maxLength={80} value={wish.name} onChange={(event) => change({ name: event.currentTarget.value })} />
      <Select label={t("rules.task")} allowDeselect={false} data={TASKS.map((value) => ({ value, label: t(`task.${value}`) }))} value={wish.task} onChange={(task) => { if (task !== null) change({ task }); }} />
      <WholeField label={t("rules.maxRounds")} description={t("rules.maxRoundsNote")} min={1} max={1000} value={wish.max_rounds} onChange={(value) => change({ max_rounds: value })} />
      <Checkbox label={t("rules.limitWeek")} checked={wish.rounds_a_week !== null} onChange={(event) => change({ rounds_a_week: event.currentTarget.checked ? 20 : null })} />
      {typeof wish.rounds_a_week === "number" && <WholeField label={t("rules.roundsAWeek")} min={1} max={1000} value={wish.rounds_a_week} onChange={(value) => change({ rounds_a_week: value })} />}
      <HoursFields label={t("rules.limitHours")} note={t("rules.hoursNote")} begin={t("rules.begin")} end={t("rules.end")} hours={wish.hours ?? null} suggested={NIGHT} onChange={(hours) => change({ hours })} />
      <Radio.Group label={t("answer.send")} value={wish.send_model ?? "yes"} onChange={(value) => change({ send_model: value === "ask" ? "ask" : "yes" })}>
        <Stack gap={8} mt={8}>{(["yes", "ask"] as const).map((value) => <Radio key={value} value={value} label={t(`answer.sends.${value}`)} />)}</Stack>
      </Radio.Group>
      {save.isError && <Problem error={save.error} />}
      <Group justify="flex-end" gap="xs">
        <ActButton variant="default" onClick={onClose}>{t("rules.cancel")}</ActButton>
        <ActButton disabled={!fits} loading={save.isPending} onClick={() => save.mutate({ id: rule?.id ?? null, wish }, { onSuccess: onClose })}>{t(rule === null ? "rules.create" : "rules.save")}</ActButton>
      </Group>
    </Stack>
  );
}
