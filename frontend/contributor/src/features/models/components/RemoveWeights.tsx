/** Removes the file of a received model, after saying what goes and what stays. */
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatBytes } from "@shared/format/format";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

import type { ReceivedModel } from "@app/api/schemas";
import { useRemoveWeights } from "@app/features/models/api/useModels";

export function RemoveWeights({ model }: { model: ReceivedModel }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const remove = useRemoveWeights();
  return (
    <>
      <ActButton size="xs" variant="subtle" leftSection={<IconTrash size={14} />} aria-label={t("models.removeOf", { name: model.name })} onClick={() => setAsking(true)}>{t("models.remove")}</ActButton>
      <ConfirmDialog opened={asking} title={t("models.removeTitle")} lead={t("models.removeLead", { name: model.name, size: formatBytes(model.size_bytes) })} consequences={[t("models.removeFile"), t("models.removeStays"), t("models.removeAgain")]}
        confirm={t("models.removeConfirm")} busy={remove.isPending} error={remove.error} onClose={() => setAsking(false)} onConfirm={() => remove.mutate(model.id)} />
    </>
  );
}
