/** Removes a reconstruction, after saying what goes and what stays. */
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

import { useRemoveReconstruction } from "@app/features/reconstructions/api/useReconstructions";

export function RemoveReconstruction({ id, study, model }: { id: string; study: string; model: string }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const remove = useRemoveReconstruction();
  return (
    <>
      <ActButton variant="default" size="xs" leftSection={<IconTrash size={15} />} onClick={() => setAsking(true)}>{t("recon.remove")}</ActButton>
      <ConfirmDialog opened={asking} title={t("recon.removeTitle")} lead={t("recon.removeLead", { study, model })} consequences={[t("recon.removeImages"), t("recon.removeStays"), t("recon.removeAgain")]}
        confirm={t("recon.removeConfirm")} busy={remove.isPending} error={remove.error} onClose={() => setAsking(false)} onConfirm={() => remove.mutate(id)} />
    </>
  );
}
