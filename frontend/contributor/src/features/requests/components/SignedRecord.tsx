/** What was answered and signed, as it is kept on both sides. */
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatDateTime } from "@shared/format/format";
import { Facts } from "@shared/ui/Page";

import type { Request } from "@app/api/schemas";

interface SignedRecordProps {
  consent: NonNullable<Request["consent"]>;
  offerHash: string;
}

export function SignedRecord({ consent, offerHash }: SignedRecordProps) {
  const { t } = useTranslation();
  const hash = (value: string) => <span className="mono" title={value}>{value.slice(0, 24)}…</span>;
  const agreed = consent.decision === "agree";
  return (
    <section aria-label={t("record.title")}>
      <Text fw={620} size="sm" mb={8}>{t("record.title")}</Text>
      <Facts items={[
        [t("record.decision"), t(`record.${consent.decision}`)],
        [t("record.at"), formatDateTime(consent.signed_at)],
        ...(agreed ? [
          [t("record.studies"), t("request.studies", { count: consent.study_count })] as const,
          [t("record.send"), t(`answer.sends.${consent.permissions.send_model}`)] as const,
          [t("record.until"), formatDateTime(consent.valid_until)] as const,
        ] : []),
        ...(consent.reason === "" ? [] : [[t("record.reason"), consent.reason] as const]),
        [t("record.offer"), hash(offerHash)],
        ...(agreed ? [[t("record.list"), hash(consent.studies_sha256)] as const] : []),
      ]} />
    </section>
  );
}
