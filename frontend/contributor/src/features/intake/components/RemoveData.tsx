/** Asks before everything of patients is deleted: the number of studies must be typed. */
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

import { useRemoveData } from "@app/features/intake/api/useStorage";

export function RemoveData({ opened, studies, onClose }: { opened: boolean; studies: number; onClose: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const remove = useRemoveData();
  const close = () => { setTyped(""); remove.reset(); onClose(); };
  return (
    <ConfirmDialog opened={opened} title={t("place.removeTitle")} lead={t("place.removeLead")} consequences={[t("place.one"), t("place.two"), t("place.three"), t("place.four")]}
      confirm={t("place.remove")} busy={remove.isPending} disabled={typed.trim() !== String(studies)} error={remove.error} onClose={close} onConfirm={() => remove.mutate(studies, { onSuccess: close })}>
      <TextInput label={t("place.confirm", { count: studies })} inputMode="numeric" autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
    </ConfirmDialog>
  );
}
