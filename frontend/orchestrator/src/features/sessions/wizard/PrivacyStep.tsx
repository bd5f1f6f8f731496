/** What leaves a site, what never does, and which protections hold; the one choice is the bound on updates. */
import { List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconHome, IconSend, IconShieldCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { NumberField } from "@shared/forms/NumberField";

import type { StepProps } from "@app/features/sessions/wizard/steps";

const PARTS = [
  { key: "leaves", icon: IconSend, items: ["weights", "counts", "scores"] },
  { key: "stays", icon: IconHome, items: ["scans", "key"] },
  { key: "holds", icon: IconShieldCheck, items: ["consent", "tls", "checks", "audit"] },
] as const;

export function PrivacyStep({ draft, onChange }: StepProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="lg">
      {PARTS.map(({ key, icon: Symbol, items }) => (
        <section key={key} aria-label={t(`plan.${key}`)}>
          <Text fw={620} mb={4} style={{ display: "flex", gap: 8, alignItems: "center" }}><Symbol size={18} aria-hidden="true" />{t(`plan.${key}`)}</Text>
          <List size="sm" spacing={4}>{items.map((item) => <List.Item key={item}>{t(`plan.${key}List.${item}`)}</List.Item>)}</List>
        </section>
      ))}
      <section aria-label={t("plan.notYet")}>
        <Text fw={620} mb={4} style={{ display: "flex", gap: 8, alignItems: "center" }}><IconAlertTriangle size={18} aria-hidden="true" />{t("plan.notYet")}</Text>
        <Text size="sm">{t("plan.notYetText")}</Text>
      </section>
      <NumberField maw={420} label={t("plan.norm")} description={t("plan.normNote")} min={0.000001} max={1_000_000_000} placeholder={t("plan.normUsual")} value={draft.norm ?? ""} onChange={(value) => onChange({ ...draft, norm: value === "" ? null : Number(value) })} />
    </Stack>
  );
}
