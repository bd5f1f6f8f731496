/** Caps on processor, memory and hours, obeyed by the training from its next check on. */
import { Checkbox, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { useMe } from "@shared/accounts/api";
import { HoursFields } from "@shared/forms/HoursFields";
import { WholeField } from "@shared/forms/WholeField";
import { formatCount } from "@shared/format/format";
import { Card } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

import { useResources, useSetResources, type Resources, type ResourcesView } from "@app/features/resources/api/useResources";

const NIGHT = { begin: "20:00", end: "06:00" };
const SUGGESTED_MIB = 8192;

export function ResourcesCard() {
  const { t } = useTranslation();
  const resources = useResources();
  const save = useSetResources();
  return <Card title={t("resources.title")} note={t("resources.note")}><Resource query={resources} label={t("resources.loading")}>{(view) => <Form view={view} save={save} />}</Resource></Card>;
}

function Form({ view, save }: { view: ResourcesView; save: ReturnType<typeof useSetResources> }) {
  const { t } = useTranslation();
  const kept = JSON.stringify(view.chosen);
  const [begun, setBegun] = useState(kept);
  const [chosen, setChosen] = useState<Resources>(view.chosen);
  if (begun !== kept) {
    setBegun(kept);
    setChosen(view.chosen);
  }
  const mayAct = useMe().data?.can_act ?? true;
  const change = (part: Partial<Resources>) => setChosen((before) => ({ ...before, ...part }));
  const changed = JSON.stringify(chosen) !== kept;
  const fits = ![chosen.threads, chosen.memory_mib].some(Number.isNaN);
  const here = view.memory_here_mib;
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        <WholeField label={t("resources.threads")} description={t("resources.threadsNote", { count: view.threads_here })} disabled={!mayAct} min={1} max={view.threads_here} value={chosen.threads ?? 1} onChange={(threads) => change({ threads })} />
        <div>
          <Checkbox label={t("resources.limitMemory")} description={here === null ? t("resources.memoryNote") : t("resources.memoryHere", { mib: formatCount(here) })} disabled={!mayAct} checked={typeof chosen.memory_mib === "number"} onChange={(event) => change({ memory_mib: event.currentTarget.checked ? Math.min(SUGGESTED_MIB, here ?? SUGGESTED_MIB) : null })} />
          {typeof chosen.memory_mib === "number" && <WholeField mt="xs" label={t("resources.memory")} disabled={!mayAct} min={256} max={here ?? undefined} value={chosen.memory_mib} onChange={(value) => change({ memory_mib: value })} />}
        </div>
        <HoursFields label={t("resources.limitHours")} note={t("resources.hoursNote")} begin={t("rules.begin")} end={t("rules.end")} disabled={!mayAct} hours={chosen.hours ?? null} suggested={NIGHT} onChange={(hours) => change({ hours })} />
      </SimpleGrid>
      {save.isError && <Problem error={save.error} />}
      <Group gap="sm">
        <ActButton disabled={!changed || !fits} loading={save.isPending} onClick={() => save.mutate(chosen)}>{t("resources.save")}</ActButton>
        <Text size="sm" c="dimmed" role="status">{save.isSuccess && !changed ? t("resources.saved") : ""}</Text>
      </Group>
    </Stack>
  );
}
