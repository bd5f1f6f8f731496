/** What was answered and signed, as it is kept on both sides. */
import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { formatDateTime } from "@shared/format/format";
import { Facts } from "@shared/ui/Page";

import type { Request } from "@app/api/schemas";

interface SignedRecordProps {
  consent: NonNullable<Request["consent"]>;
  request: Request;
}

export function SignedRecord({ consent, request }: SignedRecordProps) {
  const { t } = useTranslation();
  const hash = (value: string) => <span className="mono" title={value}>{value.slice(0, 24)}…</span>;
  const agreed = consent.decision === "agree";
  const { rule, information } = consent;
  const limits = rule === null || rule === undefined ? [] : [
    ...(typeof rule.rounds_a_week === "number" ? [t("rules.atMost", { count: rule.rounds_a_week })] : []),
    rule.hours === null || rule.hours === undefined ? t("rules.anyTime") : t("rules.between", { begin: rule.hours.begin, end: rule.hours.end }),
  ];
  return (
    <section aria-label={`${t("record.title")}: ${request.offer.title}`}>
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
        [t("record.by"), rule === null || rule === undefined ? t("record.byPerson") : t("record.byRule", { name: request.rule_name ?? rule.rule_id, version: rule.version })] as const,
        ...(rule === null || rule === undefined ? [] : [[t("record.limits"), limits.join(" · ")] as const]),
        ...(information === null || information === undefined ? [] : [[t("record.sheet"), <Anchor key="sheet" size="sm" underline="always" renderRoot={(props) => <Link to="/information" {...props} />}>{t("record.sheetValue", { version: information.version, hash: information.sha256.slice(0, 12) })}</Anchor>] as const]),
        ...(request.consent_sha256 === null ? [] : [[t("record.own"), hash(request.consent_sha256)] as const]),
        [t("record.offer"), hash(request.offer_sha256)],
        ...(agreed ? [[t("record.list"), hash(consent.studies_sha256)] as const] : []),
      ]} />
    </section>
  );
}
