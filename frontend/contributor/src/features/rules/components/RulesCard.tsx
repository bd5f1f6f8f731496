/** The standing rules: what each agrees to, within which limits, and how much of them is used. */
import { Group, Stack, Text } from "@mantine/core";
import { IconPlus, IconRobot } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatDateTime } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";

import { useDeleteRule, useRules, useSwitchRule, type Rule } from "@app/features/rules/api/useRules";
import { RuleDialog } from "@app/features/rules/components/RuleDialog";

export function RulesCard() {
  const { t } = useTranslation();
  const rules = useRules();
  const [edited, setEdited] = useState<Rule | "new" | null>(null);
  const [removed, setRemoved] = useState<Rule | null>(null);
  const remove = useDeleteRule();
  const close = () => { setRemoved(null); remove.reset(); };
  const add = <ActButton size="xs" variant="light" leftSection={<IconPlus size={15} />} onClick={() => setEdited("new")}>{t("rules.add")}</ActButton>;
  return (
    <Card title={t("rules.title")} note={t("rules.note")} aside={add}>
      <Resource query={rules} label={t("rules.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty plain icon={IconRobot} title={t("rules.emptyTitle")}>{t("rules.empty")}</Empty>
          ) : (
            <ul className="row-list" aria-label={t("rules.title")}>
              {list.map((rule) => <RuleRow key={rule.id} rule={rule} onEdit={() => setEdited(rule)} onRemove={() => setRemoved(rule)} />)}
            </ul>
          )
        }
      </Resource>
      <RuleDialog edited={edited} onClose={() => setEdited(null)} />
      <ConfirmDialog opened={removed !== null} title={t("rules.deleteTitle", { name: removed?.name ?? "" })} lead={t("rules.deleteLead")} consequences={[t("rules.deleteOne"), t("rules.deleteTwo")]} confirm={t("rules.delete")}
        busy={remove.isPending} error={remove.error} onClose={close} onConfirm={() => { if (removed !== null) remove.mutate(removed.id, { onSuccess: close }); }} />
    </Card>
  );
}

function RuleRow({ rule, onEdit, onRemove }: { rule: Rule; onEdit: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const change = useSwitchRule();
  const active = rule.state === "active";
  return (
    <li aria-label={rule.name}>
      <Group justify="space-between" gap="sm" align="flex-start">
        <Stack gap={2} style={{ flex: "1 1 260px", minWidth: 0 }}>
          <Group gap={8}><Text fw={620}>{rule.name}</Text><Chip tone={rule.in_force ? "success" : "neutral"}>{t(rule.in_force ? "rules.inForce" : active ? "rules.over" : "rules.paused")}</Chip></Group>
          <Text size="sm">{t("rules.sentence", { orchestrator: rule.orchestrator, task: t(`task.${rule.task}`, { defaultValue: rule.task }), count: rule.max_rounds })}</Text>
          <Text size="sm" c="dimmed">{limitsOf(rule, t).join(" · ")}</Text>
          <Text size="xs" c="dimmed" className="num">{t("rules.used", { count: rule.consents })} · {rule.rounds_a_week === null ? t("rules.week", { count: rule.rounds_this_week }) : t("rules.weekOf", { count: rule.rounds_this_week, of: rule.rounds_a_week })} · {t("rules.version", { version: rule.version })}, <span className="mono" title={rule.sha256}>{rule.sha256.slice(0, 10)}</span></Text>
        </Stack>
        <Group gap="xs">
          <ActButton size="xs" variant="default" loading={change.isPending} onClick={() => change.mutate({ id: rule.id, active: !active })}>{t(active ? "rules.pause" : "rules.resume")}</ActButton>
          <ActButton size="xs" variant="default" onClick={onEdit}>{t("rules.edit")}</ActButton>
          <ActButton size="xs" variant="light" color="red" onClick={onRemove}>{t("rules.delete")}</ActButton>
        </Group>
      </Group>
      {change.isError && <Problem error={change.error} />}
    </li>
  );
}

function limitsOf(rule: Rule, t: (key: string, options?: Record<string, unknown>) => string): string[] {
  const { hours, rounds_a_week: week, until } = rule;
  return [
    ...(week === null || week === undefined ? [] : [t("rules.atMost", { count: week })]),
    hours === null || hours === undefined ? t("rules.anyTime") : t("rules.between", { begin: hours.begin, end: hours.end }),
    t(`answer.sends.${rule.send_model ?? "yes"}`),
    ...(until === null || until === undefined ? [] : [t("rules.until", { until: formatDateTime(until) })]),
  ];
}

