/** Asks before every study of a patient is taken out of use. */
import { useTranslation } from "react-i18next";

import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

import { useWithdrawPatient } from "@app/features/intake/api/usePatients";

export function WithdrawPatient({ patient, studies, onClose }: { patient: string; studies: number; onClose: () => void }) {
  const { t } = useTranslation();
  const withdraw = useWithdrawPatient();
  return (
    <ConfirmDialog opened title={t("patients.title", { patient })} lead={t("patients.lead", { count: studies })} consequences={[t("patients.one"), t("patients.two"), t("patients.three"), t("patients.four")]}
      confirm={t("patients.whole")} busy={withdraw.isPending} error={withdraw.error} onClose={onClose} onConfirm={() => withdraw.mutate(patient, { onSuccess: onClose })} />
  );
}
