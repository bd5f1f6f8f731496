/** Both people compare the fingerprint; nothing more to do on this side but wait. */
import { Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Notice } from "@shared/ui/Chip";
import { Fingerprint } from "@shared/ui/Fingerprint";
import { Card } from "@shared/ui/Page";

import type { Connection } from "@app/api/schemas";
import { ConnectionFinding } from "@app/features/enrolment/components/ConnectionFinding";
import { GiveUp } from "@app/features/enrolment/components/GiveUp";
import { detailOf } from "@app/features/enrolment/words";

export function CompareFingerprint({ connection }: { connection: Connection }) {
  const { t } = useTranslation();
  return (
    <Card tone="attention" title={t("connect.compareTitle")} note={t("connect.compareNote", { orchestrator: connection.orchestrator ?? "" })}>
      <Stack gap="md">
        <Fingerprint value={connection.fingerprint ?? "–"} label={t("connect.fingerprint")} />
        <Text size="sm">{t("connect.compareHow")}</Text>
        <ConnectionFinding connection={connection} />
        {connection.finding === null && <Notice live tone={connection.detail === "" ? "info" : "warning"} title={t(connection.detail === "" ? "connect.waiting" : "connect.noAnswer")}>{detailOf(connection) || t("connect.waitingNote")}</Notice>}
        <Group justify="flex-end"><GiveUp what="cancel" /></Group>
      </Stack>
    </Card>
  );
}
