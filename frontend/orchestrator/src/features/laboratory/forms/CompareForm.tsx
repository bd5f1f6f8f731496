/** Which methods on which data set. */
import { Checkbox, Group, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { IconScale } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { useNetworkName } from "@shared/i18n/useNetworkName";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Job, SetSummary } from "@app/api/laboratorySchemas";
import type { Model } from "@app/api/schemas";
import { useCompare } from "@app/features/laboratory/api/useLaboratory";

const BASELINES = ["osem", "default", "mlem", "fbp", "map-osem"] as const;
type Baseline = (typeof BASELINES)[number];

interface CompareFormProps {
  sets: readonly SetSummary[];
  models: readonly Model[];
  chosen: string | undefined;
  onStarted: (job: Job) => void;
}

export function CompareForm({ sets, models, chosen, onStarted }: CompareFormProps) {
  const { t } = useTranslation();
  const networkName = useNetworkName();
  const [name, setName] = useState("");
  const [set, setSet] = useState<string | null>((sets.find(({ id }) => id === chosen) ?? sets[0])?.id ?? null);
  const [modelIds, setModelIds] = useState<readonly string[]>([]);
  const [baselines, setBaselines] = useState<readonly Baseline[]>(["osem"]);
  const [most, setMost] = useState<number | string>(50);
  const compare = useCompare();
  const enough = modelIds.length + baselines.length >= 2;
  const ready = name.trim() !== "" && set !== null && enough && typeof most === "number";
  const submit = () => {
    if (set !== null) compare.mutate({ title: name.trim(), set_id: set, model_ids: [...modelIds], baselines: [...baselines], most_studies: Number(most) }, { onSuccess: onStarted });
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready) submit(); }}>
      <Stack gap="md">
        <Card>
          <SimpleGrid className="fields" cols={{ base: 1, sm: 2 }} spacing="md">
            <TextInput required label={t("lab.compareForm.name")} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Select label={t("lab.compareForm.set")} description={t("lab.compareForm.setNote")} allowDeselect={false} value={set} onChange={setSet} data={sets.map(({ id, name: label }) => ({ value: id, label }))} />
            <NumberField label={t("lab.compareForm.most")} min={1} max={5000} allowDecimal={false} value={most} onChange={setMost} />
          </SimpleGrid>
        </Card>
        <Card title={t("lab.compareForm.models")}>
          {models.length === 0 ? <Text size="sm" c="dimmed">{t("lab.compareForm.noModels")}</Text> : (
            <Checkbox.Group value={[...modelIds]} onChange={setModelIds} aria-label={t("lab.compareForm.models")}>
              <Stack gap="sm" mah={320} style={{ overflowY: "auto" }}>{models.map((model) => <Checkbox key={model.id} value={model.id} label={model.name} description={networkName(model.network)} disabled={modelIds.length >= 8 && !modelIds.includes(model.id)} />)}</Stack>
            </Checkbox.Group>
          )}
        </Card>
        <Card title={t("lab.compareForm.baselines")}>
          <Checkbox.Group value={[...baselines]} onChange={(chosenOnes) => setBaselines(BASELINES.filter((known) => chosenOnes.includes(known)))} aria-label={t("lab.compareForm.baselines")}>
            <Group gap="lg">{BASELINES.map((known) => <Checkbox key={known} value={known} label={t(`lab.compareForm.method.${known}`)} />)}</Group>
          </Checkbox.Group>
          {!enough && <Text size="sm" c="dimmed" mt="sm">{t("lab.compareForm.few")}</Text>}
        </Card>
        {compare.isError && <Problem error={compare.error} />}
        <Group justify="flex-end"><ActButton type="submit" leftSection={<IconScale size={17} />} disabled={!ready} loading={compare.isPending}>{t("lab.compareForm.submit")}</ActButton></Group>
      </Stack>
    </form>
  );
}
