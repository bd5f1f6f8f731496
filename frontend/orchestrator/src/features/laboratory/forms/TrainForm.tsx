/** A central training: data, network, where to begin, how long. */
import { Checkbox, Collapse, Group, Select, SimpleGrid, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconPlayerPlay } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { defaultsOf, unusedWith } from "@shared/forms/jsonSchema";
import { NumberField } from "@shared/forms/NumberField";
import { SchemaForm } from "@shared/forms/SchemaForm";
import { useNetworkName } from "@shared/i18n/useNetworkName";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Job, SetSummary } from "@app/api/laboratorySchemas";
import type { Model, Task } from "@app/api/schemas";
import { useTrain } from "@app/features/laboratory/api/useLaboratory";

/** What this form says in its own words. */
const SET_HERE = ["local_epochs", "seed", "holdout_fraction"];
/** What every training of the laboratory learns from. */
const TARGETS = "phantom";
const NONE = "";

interface TrainFormProps {
  sets: readonly SetSummary[];
  models: readonly Model[];
  task: Task;
  chosen: string | undefined;
  onStarted: (job: Job) => void;
}

const number = (value: number | string): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

export function TrainForm({ sets, models, task, chosen, onStarted }: TrainFormProps) {
  const { t } = useTranslation();
  const networkName = useNetworkName();
  const [name, setName] = useState("");
  const [setIds, setSetIds] = useState<readonly string[]>(chosen !== undefined && sets.some(({ id }) => id === chosen) ? [chosen] : sets.length === 1 ? sets.map(({ id }) => id) : []);
  const [validation, setValidation] = useState(NONE);
  const [holdout, setHoldout] = useState<number | string>(0.2);
  const [network, setNetwork] = useState(String(task.default_network["name"] ?? task.networks[0]));
  const [model, setModel] = useState(NONE);
  const [epochs, setEpochs] = useState<number | string>(20);
  const [patience, setPatience] = useState<number | string>("");
  const [seed, setSeed] = useState<number | string>(0);
  const [parameters, setParameters] = useState(() => defaultsOf(task.parameters_schema));
  const [more, setMore] = useState(false);
  const omit = [...SET_HERE, ...unusedWith(task.parameters_schema, TARGETS)];
  const train = useTrain();
  const begin = models.find(({ id }) => id === model);
  const numbers = { epochs: number(epochs), holdout: number(holdout), seed: number(seed) };
  const ready = name.trim() !== "" && setIds.length > 0 && numbers.epochs !== null && numbers.holdout !== null && numbers.seed !== null;
  const submit = () => train.mutate({
    name: name.trim(), set_ids: [...setIds], validation_set_id: validation === NONE ? null : validation, holdout: numbers.holdout ?? 0.2, network: begin?.network ?? network, model_id: model === NONE ? null : model,
    epochs: numbers.epochs ?? 1, patience: number(patience), seed: numbers.seed ?? 0, parameters: Object.fromEntries(Object.entries(parameters).filter(([key]) => !omit.includes(key))),
  }, { onSuccess: onStarted });
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready) submit(); }}>
      <Stack gap="md">
        <Card title={t("lab.trainForm.sets")}>
          <Checkbox.Group value={[...setIds]} onChange={(ids) => { setSetIds(ids); if (ids.includes(validation)) setValidation(NONE); }} aria-label={t("lab.trainForm.sets")}>
            <Stack gap="sm">
              {sets.map((set) => <Checkbox key={set.id} value={set.id} label={set.name} description={`${t("lab.makeForm.studiesMade", { count: set.facts?.studies ?? 0 })}${Object.keys(set.facts?.references ?? {}).length === 0 ? ` · ${t("lab.trainForm.noReference")}` : ""}`} />)}
            </Stack>
          </Checkbox.Group>
          <SimpleGrid className="fields" cols={{ base: 1, sm: 2 }} spacing="md" mt="md">
            <Select label={t("lab.trainForm.validation")} description={t("lab.trainForm.validationNote")} allowDeselect={false} value={validation} onChange={(value) => setValidation(value ?? NONE)}
              data={[{ value: NONE, label: t("lab.trainForm.share") }, ...sets.filter(({ id }) => !setIds.includes(id)).map(({ id, name: label }) => ({ value: id, label }))]} />
            {validation === NONE && <NumberField label={t("lab.trainForm.holdout")} min={0.01} max={0.5} step={0.05} value={holdout} onChange={setHoldout} />}
          </SimpleGrid>
        </Card>
        <Card title={t("lab.trainForm.network")}>
          <SimpleGrid className="fields" cols={{ base: 1, sm: 2 }} spacing="md">
            <TextInput required label={t("lab.trainForm.name")} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Select label={t("lab.trainForm.start")} allowDeselect={false} searchable value={model} onChange={(value) => setModel(value ?? NONE)}
              data={[{ value: NONE, label: t("lab.trainForm.random") }, ...models.map(({ id, name: label }) => ({ value: id, label }))]} />
            <Select label={t("lab.trainForm.network")} description={t("lab.trainForm.startNote")} allowDeselect={false} disabled={begin !== undefined} value={begin?.network ?? network} onChange={(value) => setNetwork(value ?? network)}
              data={task.networks.map((known) => ({ value: known, label: networkName(known) }))} />
            <NumberField label={t("lab.trainForm.epochs")} min={1} max={10_000} allowDecimal={false} value={epochs} onChange={setEpochs} />
            <NumberField label={t("lab.trainForm.patience")} description={t("lab.trainForm.patienceNote")} min={1} max={1000} allowDecimal={false} value={patience} onChange={setPatience} />
            <NumberField label={t("lab.trainForm.seed")} min={0} max={2_147_483_647} allowDecimal={false} value={seed} onChange={setSeed} />
          </SimpleGrid>
          <UnstyledButton mt="md" onClick={() => setMore(!more)} aria-expanded={more}><Group gap={6}><IconChevronDown size={16} style={{ transform: more ? "rotate(180deg)" : undefined }} /><Text size="sm" fw={600}>{t("lab.trainForm.more")}</Text></Group></UnstyledButton>
          <Collapse expanded={more}><div style={{ paddingTop: 12 }}><SchemaForm schema={task.parameters_schema} omit={omit} values={parameters} onChange={setParameters} /></div></Collapse>
        </Card>
        {train.isError && <Problem error={train.error} />}
        <Group justify="flex-end"><ActButton type="submit" leftSection={<IconPlayerPlay size={17} />} disabled={!ready} loading={train.isPending}>{t("lab.trainForm.submit")}</ActButton></Group>
      </Stack>
    </form>
  );
}
