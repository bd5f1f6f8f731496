/** Which study by which model, beside which OSEM. */
import { FileInput, Group, SegmentedControl, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Job, SetSummary } from "@app/api/laboratorySchemas";
import type { Model } from "@app/api/schemas";
import { useStudiesNamed, useTry } from "@app/features/laboratory/api/useLaboratory";
import { StudySelect } from "@app/features/laboratory/forms/StudySelect";

const SHIPPED = "";

interface TryFormProps {
  sets: readonly SetSummary[];
  models: readonly Model[];
  chosen: string | undefined;
  onStarted: (job: Job) => void;
}

export function TryForm({ sets, models, chosen, onStarted }: TryFormProps) {
  const { t } = useTranslation();
  const [from, setFrom] = useState(sets.length === 0 ? "file" : "set");
  const [setId, setSetId] = useState<string | null>(sets[0]?.id ?? null);
  const [file, setFile] = useState<string | null>(null);
  const [upload, setUpload] = useState<File | null>(null);
  const [model, setModel] = useState(models.some(({ id }) => id === chosen) ? (chosen ?? SHIPPED) : SHIPPED);
  const [iterations, setIterations] = useState<number | string>(10);
  const [subsets, setSubsets] = useState<number | string>(6);
  const [filter, setFilter] = useState<number | string>(6);
  const set = sets.find(({ id }) => id === setId);
  const studies = useStudiesNamed(set, "");
  const start = useTry();
  const study = file ?? studies.data?.items[0]?.file ?? null;
  const osem = [iterations, subsets, filter].every((value) => typeof value === "number");
  const ready = osem && (from === "file" ? upload !== null : setId !== null && study !== null);
  const submit = () => start.mutate({
    set_id: from === "set" ? setId : null, file: from === "set" ? study : null, upload: from === "file" ? upload : null, model_id: model === SHIPPED ? null : model,
    osem: { iterations: Number(iterations), subsets: Number(subsets), postfilter_fwhm_mm: Number(filter) },
  }, { onSuccess: onStarted });
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready) submit(); }}>
      <Card>
        <Stack gap="md">
          <SegmentedControl style={{ alignSelf: "flex-start" }} aria-label={t("lab.tryForm.from")} value={from} onChange={setFrom} data={[{ value: "set", label: t("lab.tryForm.fromSet") }, { value: "file", label: t("lab.tryForm.fromFile") }]} />
          {from === "set" && sets.length === 0 && <Text size="sm" c="dimmed">{t("lab.tryForm.noSets")}</Text>}
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
            {from === "set" ? (
              <>
                <Select label={t("lab.tryForm.set")} allowDeselect={false} value={setId} onChange={(value) => { setSetId(value); setFile(null); }} data={sets.map(({ id, name }) => ({ value: id, label: name }))} />
                <StudySelect key={setId} set={set} value={study} onChange={setFile} />
              </>
            ) : (
              <FileInput required label={t("lab.tryForm.upload")} description={t("lab.tryForm.uploadNote")} accept=".h5,.hdf5,.dcm,.ima" placeholder={t("lab.tryForm.placeholder")} value={upload} onChange={setUpload} />
            )}
            <Select label={t("lab.tryForm.model")} allowDeselect={false} searchable value={model} onChange={(value) => setModel(value ?? SHIPPED)} data={[{ value: SHIPPED, label: t("lab.tryForm.shipped") }, ...models.map(({ id, name }) => ({ value: id, label: name }))]} />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="md">
            <NumberField label={t("lab.tryForm.iterations")} min={1} max={100} allowDecimal={false} value={iterations} onChange={setIterations} />
            <NumberField label={t("lab.tryForm.subsets")} min={1} max={120} allowDecimal={false} value={subsets} onChange={setSubsets} />
            <NumberField label={t("lab.tryForm.fwhm")} min={0} max={50} value={filter} onChange={setFilter} />
          </SimpleGrid>
          {from === "set" && studies.isError && <Problem error={studies.error} onRetry={() => void studies.refetch()} />}
          {start.isError && <Problem error={start.error} />}
          <Group justify="flex-end"><ActButton type="submit" leftSection={<IconSparkles size={17} />} disabled={!ready} loading={start.isPending}>{t("lab.tryForm.submit")}</ActButton></Group>
        </Stack>
      </Card>
    </form>
  );
}
