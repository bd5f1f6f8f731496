/** Two ways to a first model: random weights from a seed, or a file. */
import { Button, FileInput, Group, Modal, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Problem } from "@shared/ui/states";

import type { Task } from "@app/api/schemas";
import { useInitialiseModel, useUploadModel } from "@app/features/models/api/useModels";

interface AddModelProps {
  kind: "random" | "upload" | null;
  tasks: readonly Task[];
  onClose: () => void;
}

export function AddModel({ kind, tasks, onClose }: AddModelProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={kind !== null} onClose={onClose} title={<Text fw={650} size="lg">{t(kind === "upload" ? "models.upload" : "models.random")}</Text>} closeButtonProps={{ "aria-label": t("models.close") }}>
      {kind !== null && <AddForm kind={kind} tasks={tasks} onClose={onClose} />}
    </Modal>
  );
}

function AddForm({ kind, tasks, onClose }: AddModelProps & { kind: "random" | "upload" }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [task, setTask] = useState(tasks[0]?.name ?? "");
  const [seed, setSeed] = useState<number | string>(0);
  const [file, setFile] = useState<File | null>(null);
  const random = useInitialiseModel();
  const uploading = useUploadModel();
  const error = random.error ?? uploading.error;
  const ready = name.trim() !== "" && task !== "" && (kind === "random" ? typeof seed === "number" : file !== null);
  const submit = () => {
    if (kind === "random") random.mutate({ name: name.trim(), task, seed: Number(seed) }, { onSuccess: onClose });
    else if (file !== null) uploading.mutate({ file, name: name.trim(), task }, { onSuccess: onClose });
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready) submit(); }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">{t(kind === "random" ? "models.randomNote" : "models.uploadNote")}</Text>
        <TextInput required label={t("models.newName")} maxLength={80} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Select label={t("models.task")} allowDeselect={false} data={tasks.map(({ name: value, title }) => ({ value, label: title }))} value={task} onChange={(value) => setTask(value ?? "")} />
        {kind === "random" ? (
          <NumberInput label={t("models.seed")} description={t("models.seedNote")} min={0} max={2_147_483_647} allowDecimal={false} value={seed} onChange={setSeed} />
        ) : (
          <FileInput required label={t("models.file")} accept=".safetensors" placeholder={t("models.filePlaceholder")} value={file} onChange={setFile} />
        )}
        {error !== null && <Problem error={error} />}
        <Group justify="flex-end"><Button type="submit" disabled={!ready} loading={random.isPending || uploading.isPending}>{t(kind === "random" ? "models.create" : "models.add")}</Button></Group>
      </Stack>
    </form>
  );
}
