/** Ends a request that still waits, or what is left of a connection, after saying what goes with it. */
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";

import { useLeave } from "@app/features/enrolment/api/useEnrolment";

export function GiveUp({ what, size = "sm" }: { what: "cancel" | "again"; size?: "xs" | "sm" }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const leave = useLeave();
  const close = () => setAsking(false);
  return (
    <>
      <ActButton size={size} variant="default" onClick={() => setAsking(true)}>{t(`connect.${what}`)}</ActButton>
      <ConfirmDialog opened={asking} title={t(`connect.${what}Ask.title`)} lead={t(`connect.${what}Ask.lead`)} consequences={[t(`connect.${what}Ask.one`), t(`connect.${what}Ask.two`), t(`connect.${what}Ask.three`)]}
        confirm={t(`connect.${what}Ask.confirm`)} busy={leave.isPending} error={leave.error} onClose={close} onConfirm={() => leave.mutate(undefined, { onSuccess: close })} />
    </>
  );
}
