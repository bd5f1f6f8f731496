/** A folder of study files on this computer becomes a data set. */
import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Problem } from "@shared/ui/states";

import { useAddFolder } from "@app/features/laboratory/api/useLaboratory";

interface AddFolderProps {
  opened: boolean;
  onClose: () => void;
}

export function AddFolder({ opened, onClose }: AddFolderProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650} size="lg">{t("lab.folderForm.title")}</Text>} closeButtonProps={{ "aria-label": t("lab.folderForm.close") }}>
      {opened && <FolderForm onClose={onClose} />}
    </Modal>
  );
}

function FolderForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [folder, setFolder] = useState("");
  const add = useAddFolder();
  const ready = name.trim() !== "" && folder.trim() !== "";
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready) add.mutate({ name: name.trim(), folder: folder.trim() }, { onSuccess: onClose }); }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">{t("lab.folderForm.note")}</Text>
        <TextInput required label={t("lab.folderForm.name")} maxLength={80} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput required label={t("lab.folderForm.folder")} description={t("lab.folderForm.folderNote")} maxLength={1000} spellCheck={false} value={folder} onChange={(event) => setFolder(event.currentTarget.value)} />
        {add.isError && <Problem error={add.error} />}
        <Group justify="flex-end"><Button type="submit" disabled={!ready} loading={add.isPending}>{t("lab.folderForm.submit")}</Button></Group>
      </Stack>
    </form>
  );
}
