/** What the page shows for each state of the connection. */
import { Button, Stack, Stepper } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Notice } from "@shared/ui/Chip";
import { Problem } from "@shared/ui/states";

import type { Connection } from "@app/api/schemas";
import { useLeave } from "@app/features/enrolment/api/useEnrolment";
import { CompareFingerprint, OpenInvitation } from "@app/features/enrolment/components/ConnectSteps";

export function ConnectFlow({ connection, next }: { connection: Connection; next: ReactNode }) {
  const { t } = useTranslation();
  const wide = useMediaQuery("(min-width: 48em)", true);
  const trusted = connection.state === "connected" || connection.state === "reconnecting";
  const step = trusted || connection.state === "suspended" ? 3 : connection.state === "pending" ? 1 : 0;
  return (
    <Stack gap="lg" maw={760}>
      {wide && (
        <Stepper active={step} size="xs" iconSize={30} allowNextStepsSelect={false}>
          <Stepper.Step label={t("connect.steps.open")} allowStepSelect={false} />
          <Stepper.Step label={t("connect.steps.compare")} allowStepSelect={false} />
          <Stepper.Step label={t("connect.steps.done")} allowStepSelect={false} />
        </Stepper>
      )}
      {connection.state === "not_enrolled" && <OpenInvitation />}
      {connection.state === "pending" && <CompareFingerprint connection={connection} />}
      {trusted && <Notice live tone="success" title={t("connect.doneTitle", { orchestrator: connection.orchestrator ?? "" })} action={next}>{t("connect.done", { site: connection.site_name ?? "" })}</Notice>}
      {["refused", "suspended", "revoked", "protocol_mismatch"].includes(connection.state) && <Ended connection={connection} />}
    </Stack>
  );
}

function Ended({ connection }: { connection: Connection }) {
  const { t } = useTranslation();
  const leave = useLeave();
  return (
    <>
      <Notice live tone={connection.state === "suspended" ? "warning" : "danger"} title={t(`connect.ended.${connection.state}`)}
        action={connection.state === "protocol_mismatch" || connection.state === "suspended" ? undefined : <Button size="xs" variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>{t("connect.again")}</Button>}>
        {connection.detail || t(`connect.endedAdvice.${connection.state}`)}
      </Notice>
      {leave.isError && <Problem error={leave.error} />}
    </>
  );
}
