/** Removes a comparison that has ended, after saying what goes and what stays. */
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

import type { OwnResultSummary } from "@app/api/schemas.results";
import { useRemoveOwn } from "@app/features/results/api/useOwnResults";

export function RemoveOwn({ result, size = "sm" }: { result: OwnResultSummary; size?: "xs" | "sm" }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const remove = useRemoveOwn();
  return (
    <>
      <ActButton variant="default" size={size} leftSection={<IconTrash size={15} />} onClick={() => setAsking(true)}>{t("own.remove")}</ActButton>
      <ConfirmDialog opened={asking} title={t("own.removeTitle")} lead={t("own.removeLead", { model: result.model_name })} consequences={[t("own.removeImages"), t("own.removeStays"), t("own.removeAgain")]}
        confirm={t("own.removeConfirm")} busy={remove.isPending} error={remove.error} onClose={() => setAsking(false)} onConfirm={() => remove.mutate(result.id)} />
    </>
  );
}
