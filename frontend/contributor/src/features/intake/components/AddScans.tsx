/** Takes scans in: files or a folder by drop or choice, or a folder that lies on this computer. */
import { FileButton, Group, Progress, Stack, Text, TextInput } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconFileUpload, IconFolder, IconFolderOpen, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { chooseAgain } from "@shared/forms/chooseAgain";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import { useHandOver, useImportFolder, type HandedOver } from "@app/features/intake/api/useImports";

/** React has no word for it; browsers do. */
const WHOLE_FOLDER: Record<string, string> = { webkitdirectory: "" };

export function AddScans() {
  const { t } = useTranslation();
  const files = useHandOver();
  const folder = useImportFolder();
  const busy = files.isPending || folder.isPending;
  const error = files.error ?? folder.error;
  const add = (chosen: readonly File[]) => {
    if (chosen.length === 0) return;
    folder.reset();
    files.mutate(chosen);
  };
  return (
    <Card title={t("intake.add")} note={t("intake.addNote")}>
      <Stack gap="md">
        <Dropzone onDrop={add} loading={busy} activateOnClick={false} activateOnKeyboard={false} enablePointerEvents>
          <Stack align="center" gap={8} py="sm">
            <IconFileUpload size={36} stroke={1.4} aria-hidden="true" />
            <Text fw={600} ta="center">{t("intake.drop")}</Text>
            <Text size="sm" c="dimmed" ta="center">{t("intake.formats")}</Text>
            <Group gap="xs" justify="center">
              <FileButton multiple onChange={add} inputProps={{ ...chooseAgain, "aria-label": t("intake.files") }}>
                {(props) => <ActButton {...props} variant="light" leftSection={<IconUpload size={16} />}>{t("intake.choose")}</ActButton>}
              </FileButton>
              <FileButton multiple onChange={add} inputProps={{ ...chooseAgain, "aria-label": t("intake.folderFiles"), ...WHOLE_FOLDER }}>
                {(props) => <ActButton {...props} variant="light" leftSection={<IconFolderOpen size={16} />}>{t("intake.chooseFolder")}</ActButton>}
              </FileButton>
            </Group>
          </Stack>
        </Dropzone>
        {files.progress !== null && <Handing progress={files.progress} />}
        <NamedFolder busy={busy} onRead={(path) => { files.reset(); folder.mutate(path); }} />
        {error !== null && <Problem error={error} />}
      </Stack>
    </Card>
  );
}

function Handing({ progress: { done, of } }: { progress: HandedOver }) {
  const { t } = useTranslation();
  const words = t("intake.handing", { done, of });
  return (
    <div role="status">
      <Text size="sm" mb={4}>{words}</Text>
      <Progress value={of === 0 ? 0 : (100 * done) / of} aria-label={words} />
    </div>
  );
}

function NamedFolder({ busy, onRead }: { busy: boolean; onRead: (path: string) => void }) {
  const { t } = useTranslation();
  const [path, setPath] = useState("");
  const wanted = path.trim();
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (wanted !== "") onRead(wanted); }}>
      <TextInput label={t("intake.path")} description={t("intake.pathNote")} placeholder={t("intake.pathExample")} value={path} onChange={(event) => setPath(event.currentTarget.value)} />
      <Group justify="flex-end" mt="xs">
        <ActButton type="submit" variant="default" leftSection={<IconFolder size={16} />} disabled={wanted === "" || busy}>{t("intake.readFolder")}</ActButton>
      </Group>
    </form>
  );
}
