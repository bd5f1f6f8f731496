/** Adds studies: files by drop or choice, or a folder on this computer; tells what became of each. */
import { FileButton, Group, Stack, Text, TextInput } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconFileUpload, IconFolder, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { asSentence } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { ImportResult } from "@app/api/schemas";
import { useAddFiles, useAddFolder } from "@app/features/studies/api/useStudies";

export function AddStudies() {
  const { t } = useTranslation();
  const files = useAddFiles();
  const folder = useAddFolder();
  const [path, setPath] = useState("");
  const [result, setResult] = useState<ImportResult | null>(null);
  const busy = files.isPending || folder.isPending;
  const error = files.error ?? folder.error;
  const add = (chosen: readonly File[]) => { if (chosen.length > 0) { setResult(null); files.mutate(chosen, { onSuccess: setResult }); } };
  return (
    <Card title={t("data.add")} note={t("data.addNote")}>
      <Stack gap="md">
        <Dropzone onDrop={add} loading={busy} activateOnClick={false} activateOnKeyboard={false} enablePointerEvents>
          <Stack align="center" gap={8} py="sm">
            <IconFileUpload size={36} stroke={1.4} aria-hidden="true" />
            <Text fw={600}>{t("data.drop")}</Text>
            <Text size="sm" c="dimmed" ta="center">{t("data.formats")}</Text>
            <FileButton multiple onChange={add} inputProps={{ "aria-label": t("data.files") }}>
              {(props) => <ActButton {...props} variant="light" leftSection={<IconUpload size={16} />}>{t("data.choose")}</ActButton>}
            </FileButton>
          </Stack>
        </Dropzone>
        <form onSubmit={(event) => { event.preventDefault(); if (path.trim() !== "") { setResult(null); folder.mutate(path.trim(), { onSuccess: setResult }); } }}>
          <Group align="flex-end" gap="xs">
            <TextInput style={{ flex: "1 1 220px" }} label={t("data.folder")} placeholder="/data/spect" value={path} onChange={(event) => setPath(event.currentTarget.value)} />
            <ActButton type="submit" variant="default" leftSection={<IconFolder size={16} />} disabled={path.trim() === "" || busy}>{t("data.addFolder")}</ActButton>
          </Group>
        </form>
        {error !== null && <Problem error={error} />}
        {result !== null && <Outcome result={result} />}
      </Stack>
    </Card>
  );
}

/** For an unusable study the reader of the file gives advice of its own, closer than the catalogue's. */
function adviceOn({ code, advice }: ImportResult["refused"][number]): string {
  return code === "study.unusable" ? advice : (translatedProblem(code)?.advice ?? advice);
}

function Outcome({ result }: { result: ImportResult }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      {result.added.length > 0 && <Notice live tone="success" title={t("data.added", { count: result.added.length })}>{t("data.addedNote")}</Notice>}
      {result.refused.length > 0 && (
        <Notice live tone="warning" title={t("data.refused", { count: result.refused.length })}>
          <ul style={{ margin: "4px 0 0", paddingLeft: 18 }}>
            {result.refused.map((file) => <li key={`${file.name}-${file.code}`}><b>{file.name}</b>: {asSentence(file.detail)} {adviceOn(file)}</li>)}
          </ul>
        </Notice>
      )}
      {result.added.length + result.refused.length === 0 && <Notice live tone="neutral" title={t("data.nothingFound")}>{t("data.nothingFoundNote")}</Notice>}
    </Stack>
  );
}
