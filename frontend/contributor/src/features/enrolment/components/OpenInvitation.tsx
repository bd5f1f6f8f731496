/** Open an invitation: drop or choose its file, a picture of its QR code, or paste its text. */
import { Button, FileButton, Group, Stack, Text, Textarea } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconMailOpened, IconQrcode, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { chooseAgain } from "@shared/forms/chooseAgain";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { InvitationPreview } from "@app/api/schemas";
import { readCode } from "@app/features/enrolment/api/readCode";
import { usePreview } from "@app/features/enrolment/api/useEnrolment";

const LARGEST_FILE = 30_000_000;
const PICTURES = "image/png,image/jpeg,image/webp,image/gif,image/bmp";

export interface Opened {
  text: string;
  preview: InvitationPreview;
}

export function OpenInvitation({ onOpened }: { onOpened: (opened: Opened) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [unreadable, setUnreadable] = useState<unknown>(null);
  const [reading, setReading] = useState(false);
  const preview = usePreview();
  const open = (invitation: string) => preview.mutate(invitation, { onSuccess: (found) => onOpened({ text: invitation, preview: found }) });
  const read = async (file: File | null | undefined) => {
    if (!file) return;
    preview.reset();
    setUnreadable(null);
    setReading(true);
    try {
      open(file.type.startsWith("image/") ? await readCode(file) : await file.text());
    } catch (error) {
      setUnreadable(error);
    } finally {
      setReading(false);
    }
  };
  const busy = reading || preview.isPending;
  const problem = unreadable ?? preview.error;
  return (
    <Card title={t("connect.openTitle")} note={t("connect.openNote")}>
      <Stack gap="md">
        <Dropzone onDrop={(files) => void read(files[0])} maxFiles={1} multiple={false} maxSize={LARGEST_FILE} loading={busy} activateOnClick={false} activateOnKeyboard={false} enablePointerEvents>
          <Stack align="center" gap={8} py="md">
            <IconMailOpened size={36} stroke={1.4} aria-hidden="true" />
            <Text fw={600} ta="center">{t("connect.drop")}</Text>
            <Group gap="sm" justify="center">
              <FileButton onChange={(file) => void read(file)} inputProps={{ ...chooseAgain, "aria-label": t("connect.file") }}>
                {(props) => <Button {...props} variant="light" leftSection={<IconUpload size={16} />}>{t("connect.choose")}</Button>}
              </FileButton>
              <FileButton accept={PICTURES} onChange={(file) => void read(file)} inputProps={{ ...chooseAgain, "aria-label": t("connect.picture") }}>
                {(props) => <Button {...props} variant="light" leftSection={<IconQrcode size={16} />}>{t("connect.choosePicture")}</Button>}
              </FileButton>
            </Group>
            <Text size="xs" c="dimmed" ta="center">{t("connect.pictureNote")}</Text>
          </Stack>
        </Dropzone>
        <Textarea label={t("connect.paste")} rows={5} value={text} classNames={{ input: "invitation-text" }} onChange={(event) => setText(event.currentTarget.value)} />
        {problem !== null && <Problem error={problem} />}
        <Group justify="flex-end"><Button disabled={text.trim().length < 10} loading={busy} onClick={() => { setUnreadable(null); open(text); }}>{t("connect.open")}</Button></Group>
      </Stack>
    </Card>
  );
}
