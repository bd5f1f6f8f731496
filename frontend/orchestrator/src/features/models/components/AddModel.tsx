/** Three ways to a first model: the trained network that comes with FLoMIR, random weights from a seed, or a file. */
import { Button, FileInput, Group, Modal, NumberInput, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { translatedName } from "@shared/i18n/server";
import { Problem } from "@shared/ui/states";

import type { Task } from "@app/api/schemas";
import { useInitialiseModel, useUploadModel } from "@app/features/models/api/useModels";

export type NewModel = "shipped" | "random" | "upload";

/** The task that a trained network comes for. */
export const SHIPPED_TASK = "spect-reconstruction";
const WORDS = {
  shipped: { title: "models.shipped", note: "models.shippedNote", submit: "models.add" },
  random: { title: "models.random", note: "models.randomNote", submit: "models.create" },
  upload: { title: "models.upload", note: "models.uploadNote", submit: "models.add" },
} as const;

interface AddModelProps {
  kind: NewModel | null;
  tasks: readonly Task[];
  onClose: () => void;
}

export function AddModel({ kind, tasks, onClose }: AddModelProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={kind !== null} onClose={onClose} title={<Text fw={650} size="lg">{t(WORDS[kind ?? "random"].title)}</Text>} closeButtonProps={{ "aria-label": t("models.close") }}>
      {kind !== null && <AddForm kind={kind} tasks={tasks} onClose={onClose} />}
    </Modal>
  );
}

function AddForm({ kind, tasks, onClose }: AddModelProps & { kind: NewModel }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [task, setTask] = useState(tasks[0]?.name ?? "");
  const [seed, setSeed] = useState<number | string>(0);
  const [file, setFile] = useState<File | null>(null);
  const [terms, setTerms] = useState("");
  const random = useInitialiseModel();
  const uploading = useUploadModel();
  const error = random.error ?? uploading.error;
  const complete = { shipped: true, random: typeof seed === "number", upload: file !== null };
  const ready = name.trim() !== "" && task !== "" && complete[kind];
  const submit = () => {
    if (kind === "shipped") random.mutate({ name: name.trim(), task: SHIPPED_TASK, seed: 0, shipped: "default", terms }, { onSuccess: onClose });
    else if (kind === "random") random.mutate({ name: name.trim(), task, seed: Number(seed), shipped: null, terms }, { onSuccess: onClose });
    else if (file !== null) uploading.mutate({ file, name: name.trim(), task, terms }, { onSuccess: onClose });
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready) submit(); }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">{t(WORDS[kind].note)}</Text>
        <TextInput required label={t("models.newName")} maxLength={80} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        {kind !== "shipped" && <Select label={t("models.task")} allowDeselect={false} data={tasks.map(({ name: value, title }) => ({ value, label: translatedName("task", value, title) }))} value={task} onChange={(value) => setTask(value ?? "")} />}
        {kind === "random" && (
          <NumberInput label={t("models.seed")} description={t("models.seedNote")} min={0} max={2_147_483_647} allowDecimal={false} value={seed} onChange={setSeed} />
        )}
        {kind === "upload" && (
          <FileInput required label={t("models.file")} accept=".safetensors" placeholder={t("models.filePlaceholder")} value={file} onChange={setFile} />
        )}
        <Textarea label={t("terms.label")} description={t("terms.note")} maxLength={4000} autosize minRows={2} value={terms} onChange={(event) => setTerms(event.currentTarget.value)} />
        {error !== null && <Problem error={error} />}
        <Group justify="flex-end"><Button type="submit" disabled={!ready} loading={random.isPending || uploading.isPending}>{t(WORDS[kind].submit)}</Button></Group>
      </Stack>
    </form>
  );
}
