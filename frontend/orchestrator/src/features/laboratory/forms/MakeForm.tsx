/** A scenario in short: where to begin, how many, which infarcts and lesions, which camera; what it takes. */
import { Group, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { IconCalculator, IconWand } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { isComplete } from "@shared/forms/jsonSchema";
import { NumberField } from "@shared/forms/NumberField";
import { SchemaForm } from "@shared/forms/SchemaForm";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Job, Lesion, Preset } from "@app/api/laboratorySchemas";
import type { components } from "@app/api/schema";
import { useEstimate, useMakeData } from "@app/features/laboratory/api/useLaboratory";
import { EstimateFacts } from "@app/features/laboratory/forms/EstimateFacts";
import { LesionRows } from "@app/features/laboratory/forms/LesionRows";

const HEART = ["infarct_share", "infarcts_most", "severity_low", "severity_high"];
const CAMERA = ["counts_low", "counts_high", "collimator", "arc", "views", "matrix", "slices", "voxel_mm"];

interface MakeFormProps {
  scenarios: components["schemas"]["ScenarioList"];
  onStarted: (job: Job) => void;
}

const whole = (value: number | string): number | null => (typeof value === "number" && Number.isInteger(value) ? value : null);

export function MakeForm({ scenarios, onStarted }: MakeFormProps) {
  const { t } = useTranslation();
  const [first] = scenarios.items;
  const [preset, setPreset] = useState<Preset | undefined>(first);
  const [name, setName] = useState("");
  const [choices, setChoices] = useState<Readonly<Record<string, unknown>>>(first?.choices ?? {});
  const [lesions, setLesions] = useState<readonly Lesion[]>(first?.lesions ?? []);
  const [studies, setStudies] = useState<number | string>(10);
  const [variants, setVariants] = useState<number | string>(1);
  const [seed, setSeed] = useState<number | string>(0);
  const estimate = useEstimate();
  const make = useMakeData();
  const schema = scenarios.choices_schema;
  const numbers = { studies: whole(studies), variants: whole(variants), seed: whole(seed) };
  const ready = preset !== undefined && isComplete(schema, choices) && numbers.studies !== null && numbers.variants !== null && numbers.seed !== null;
  const asked = () => ({ preset: preset?.name ?? "", choices: choices as Preset["choices"], lesions: [...lesions], studies: numbers.studies ?? 1, variants: numbers.variants ?? 1 });
  const changed = () => estimate.reset();
  const begin = (value: string | null) => {
    const chosen = scenarios.items.find((known) => known.name === value);
    if (chosen === undefined) return;
    setPreset(chosen);
    setChoices(chosen.choices);
    setLesions(chosen.lesions);
    changed();
  };
  const choose = (values: Readonly<Record<string, unknown>>) => { setChoices(values); changed(); };
  const form = { schema, values: choices, onChange: choose, choiceLabel: (key: string, choice: string) => (choice === "other" ? t("lab.makeForm.other") : key === "arc" ? t("lab.makeForm.degrees", { value: choice }) : choice) };
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready && name.trim() !== "") make.mutate({ ...asked(), name: name.trim(), seed: numbers.seed ?? 0 }, { onSuccess: onStarted }); }}>
      <Stack gap="md">
        <Card title={t("lab.makeForm.howMany")}>
          <SimpleGrid className="fields" cols={{ base: 1, sm: 2 }} spacing="md">
            <TextInput required label={t("lab.makeForm.name")} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Select label={t("lab.makeForm.preset")} allowDeselect={false} value={preset?.name ?? null} onChange={begin}
              description={preset === undefined ? "" : `${t(`lab.makeForm.note.${preset.name}`, { defaultValue: preset.note })} ${t("lab.makeForm.sites", { count: preset.sites })}.`}
              data={scenarios.items.map((known) => ({ value: known.name, label: t(`lab.makeForm.scenario.${known.name}`, { defaultValue: known.title }) }))} />
            <NumberField label={t("lab.makeForm.studies")} min={1} max={20_000} allowDecimal={false} value={studies} onChange={(value) => { setStudies(value); changed(); }} />
            <NumberField label={t("lab.makeForm.variants")} min={1} max={100} allowDecimal={false} value={variants} onChange={(value) => { setVariants(value); changed(); }} />
            <NumberField label={t("lab.makeForm.seed")} description={t("lab.makeForm.seedNote")} min={0} max={2_147_483_647} allowDecimal={false} value={seed} onChange={setSeed} />
          </SimpleGrid>
        </Card>
        <Card title={t("lab.makeForm.heart")}><SchemaForm {...form} only={HEART} /></Card>
        <Card title={t("lab.makeForm.lesions")} note={t("lab.makeForm.lesionsNote")}>
          <LesionRows schema={scenarios.lesion_schema} organs={scenarios.organs} lesions={lesions} onChange={(rows) => { setLesions(rows); changed(); }} />
        </Card>
        <Card title={t("lab.makeForm.camera")} {...((preset?.sites ?? 1) > 1 ? { note: t("lab.makeForm.cameraNote") } : {})}><SchemaForm {...form} only={CAMERA} /></Card>
        <Card title={t("lab.makeForm.effort")} note={t("lab.makeForm.estimateNote")}
          aside={<ActButton variant="default" leftSection={<IconCalculator size={17} />} disabled={!ready} loading={estimate.isPending} onClick={() => estimate.mutate(asked())}>{t("lab.makeForm.estimate")}</ActButton>}>
          {estimate.data !== undefined ? <EstimateFacts found={estimate.data} /> : <Text size="sm" c="dimmed" role="status">{t(estimate.isPending ? "lab.makeForm.estimating" : "lab.makeForm.estimateFirst")}</Text>}
          {estimate.isError && <Problem error={estimate.error} />}
        </Card>
        {make.isError && <Problem error={make.error} />}
        <Group justify="flex-end"><ActButton type="submit" leftSection={<IconWand size={17} />} disabled={!ready || name.trim() === ""} loading={make.isPending}>{t("lab.makeForm.submit")}</ActButton></Group>
      </Stack>
    </form>
  );
}
