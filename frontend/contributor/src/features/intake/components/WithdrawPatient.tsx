/** Asks before every study of a patient is taken out of use. */
import { useTranslation } from "react-i18next";

import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { useLast } from "@shared/ui/useLast";

import type { Patient } from "@app/api/schemas.intake";
import { useWithdrawPatient } from "@app/features/intake/api/usePatients";

export function WithdrawPatient({ asking, onClose }: { asking: Patient | null; onClose: () => void }) {
  const { t } = useTranslation();
  const shown = useLast(asking);
  const withdraw = useWithdrawPatient();
  const close = () => { withdraw.reset(); onClose(); };
  return (
    <ConfirmDialog opened={asking !== null} title={t("patients.title", { patient: shown?.patient ?? "" })} lead={t("patients.lead", { count: shown?.studies ?? 0 })} consequences={[t("patients.one"), t("patients.two"), t("patients.three"), t("patients.four")]}
      confirm={t("patients.whole")} busy={withdraw.isPending} error={withdraw.error} onClose={close} onConfirm={() => { if (asking !== null) withdraw.mutate(asking.patient, { onSuccess: close }); }} />
  );
}
