/** Asks before something that cannot be taken back, and says what will happen. */
import { Button, Group, List, Modal, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Problem } from "@shared/ui/states";
import { useFocusHome } from "@shared/ui/useFocusHome";

interface ConfirmDialogProps {
  opened: boolean;
  title: string;
  lead: ReactNode;
  consequences: readonly string[];
  confirm: string;
  destructive?: boolean;
  busy?: boolean;
  disabled?: boolean;
  error?: unknown;
  children?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { t } = useTranslation("shared");
  const { opened, title, lead, consequences, confirm, destructive = true, busy = false, disabled = false } = props;
  const error = useNewError(opened, props.error);
  useFocusHome(opened);
  return (
    <Modal opened={opened} onClose={props.onClose} title={<Text fw={650} size="lg">{title}</Text>} closeButtonProps={{ "aria-label": t("dialog.close") }}>
      <Text size="sm">{lead}</Text>
      {consequences.length > 0 && (
        <List size="sm" my="sm" spacing={4}>
          {consequences.map((line) => <List.Item key={line}>{line}</List.Item>)}
        </List>
      )}
      {props.children}
      {error !== null && <Problem error={error} />}
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={props.onClose} data-autofocus>{t("dialog.cancel")}</Button>
        <Button color={destructive ? "red.8" : undefined} loading={busy} disabled={disabled} onClick={props.onConfirm}>{confirm}</Button>
      </Group>
    </Modal>
  );
}

/** What failed since the dialog was opened; an earlier failure, perhaps with something else, is not shown again. */
function useNewError(opened: boolean, error: unknown): unknown {
  const [known, setKnown] = useState<{ opened: boolean; earlier: unknown }>({ opened: false, earlier: null });
  if (opened !== known.opened) setKnown({ opened, earlier: opened ? error : known.earlier });
  return error === known.earlier ? null : (error ?? null);
}
