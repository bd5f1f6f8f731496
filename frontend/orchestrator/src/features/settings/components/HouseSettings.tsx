/** Drain mode, limits, and how long what is kept. */
import { Group, Stack, Text } from "@mantine/core";
import { IconPower } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatDateTime } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

import { useDrain, useLimits, useRetention, useSetLimits, useSetRetention, useSwitchDrain } from "@app/features/settings/api/useSettings";
import { SettingsForm } from "@app/features/settings/components/SettingsForm";

const LIMITS = [
  { name: "least_new_studies", least: 1, most: 100_000 }, { name: "least_sites", least: 1, most: 1000 },
  { name: "most_sites", least: 1, most: 1000 }, { name: "most_sessions", least: 1, most: 200 },
] as const;
const KEPT = [
  { name: "activity_days", least: 0, most: 36_500 }, { name: "presence_days", least: 0, most: 36_500 },
  { name: "bin_days", least: 0, most: 36_500 }, { name: "log_mib", least: 1, most: 10_000 },
] as const;

export function HouseSettings() {
  const { t } = useTranslation();
  const limits = useLimits();
  const retention = useRetention();
  const setLimits = useSetLimits();
  const setRetention = useSetRetention();
  return (
    <Stack gap="md">
      <DrainCard />
      <Resource query={limits} label={t("system.loading")}>{(values) => <SettingsForm title={t("limits.title")} note={t("limits.note")} words="limits" fields={LIMITS} values={values} save={setLimits} />}</Resource>
      <Resource query={retention} label={t("system.loading")}>{(values) => <SettingsForm title={t("retention.title")} note={t("retention.note")} words="retention" fields={KEPT} values={values} save={setRetention} />}</Resource>
    </Stack>
  );
}

function DrainCard() {
  const { t } = useTranslation();
  const drain = useDrain();
  const change = useSwitchDrain();
  const [asking, setAsking] = useState(false);
  return (
    <Resource query={drain} label={t("system.loading")}>
      {({ on, since, by, running, held, jobs }) => (
        <Card title={t("drain.title")} note={t("drain.note")} tone={on ? "attention" : undefined} aside={<Chip tone={on ? "warning" : "neutral"} icon={on ? undefined : IconPower}>{t(on ? "drain.on" : "drain.off")}</Chip>}>
          <Group justify="space-between" gap="sm">
            <div>
              {on && <Text size="sm" role="status">{running > 0 ? t("drain.running", { count: running }) : t(jobs > 0 ? "drain.noSession" : "drain.empty")}{jobs > 0 && ` ${t("drain.jobs", { count: jobs })}`}</Text>}
              {on && held > 0 && <Text size="sm" c="dimmed">{t("drain.held", { count: held })}</Text>}
              {on && since !== null && <Text size="xs" c="dimmed">{t("drain.since", { since: formatDateTime(since), by })}</Text>}
            </div>
            {on
              ? <ActButton loading={change.isPending} onClick={() => change.mutate(false)}>{t("drain.switchOff")}</ActButton>
              : <ActButton variant="default" onClick={() => setAsking(true)}>{t("drain.switchOn")}</ActButton>}
          </Group>
          {change.isError && !asking && <Problem error={change.error} />}
          <ConfirmDialog opened={asking} title={t("drain.ask")} lead={t("drain.lead")} consequences={[t("drain.one"), t("drain.two"), t("drain.three")]} confirm={t("drain.switchOn")} destructive={false}
            busy={change.isPending} error={change.error} onClose={() => setAsking(false)} onConfirm={() => change.mutate(true, { onSuccess: () => setAsking(false) })} />
        </Card>
      )}
    </Resource>
  );
}
