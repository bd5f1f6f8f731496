/** Text to pass on, with a copy button. */
import { Button, Textarea } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

export function CopyBlock({ label, text, rows = 7 }: { label: string; text: string; rows?: number }) {
  const { t } = useTranslation("shared");
  const clipboard = useClipboard({ timeout: 2000 });
  return (
    <div>
      <Textarea label={label} value={text} readOnly rows={rows} classNames={{ input: "invitation-text" }} onFocus={(event) => event.currentTarget.select()} />
      <Button mt="xs" size="xs" variant="default" leftSection={clipboard.copied ? <IconCheck size={15} /> : <IconCopy size={15} />} onClick={() => clipboard.copy(text)}>
        <span aria-live="polite">{t(clipboard.copied ? "copy.done" : "copy.copy")}</span>
      </Button>
    </div>
  );
}
