/** Both people compare the fingerprint; nothing more to do on this side but wait. */
import { Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Connection } from "@app/api/schemas";
import { useLeave } from "@app/features/enrolment/api/useEnrolment";
import { ConnectionFinding } from "@app/features/enrolment/components/ConnectionFinding";
import { detailOf } from "@app/features/enrolment/words";

export function CompareFingerprint({ connection }: { connection: Connection }) {
  const { t } = useTranslation();
  const cancel = useLeave();
  return (
    <Card tone="attention" title={t("connect.compareTitle")} note={t("connect.compareNote", { orchestrator: connection.orchestrator ?? "" })}>
      <Stack gap="md">
        <Fingerprint value={connection.fingerprint ?? "–"} label={t("connect.fingerprint")} />
        <Text size="sm">{t("connect.compareHow")}</Text>
        <ConnectionFinding connection={connection} />
        {connection.finding === null && <Notice live tone={connection.detail === "" ? "info" : "warning"} title={t(connection.detail === "" ? "connect.waiting" : "connect.noAnswer")}>{detailOf(connection) || t("connect.waitingNote")}</Notice>}
        {cancel.isError && <Problem error={cancel.error} />}
        <Group justify="flex-end"><ActButton variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>{t("connect.cancel")}</ActButton></Group>
      </Stack>
    </Card>
  );
}
