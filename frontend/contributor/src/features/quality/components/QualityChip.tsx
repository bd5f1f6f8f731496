/** How serious the most serious finding is, in a word; where there is none it is no second mark of the same colour. */
import { Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Chip } from "@shared/ui/Chip";

import type { QualityLevel } from "@app/features/quality/api/useQuality";

export function QualityChip({ level }: { level: QualityLevel | undefined }) {
  const { t } = useTranslation();
  if (level === undefined) return null;
  if (level === "error") return <Chip tone="danger">{t("quality.level.error")}</Chip>;
  if (level === "warning") return <Chip tone="warning">{t("quality.level.warning")}</Chip>;
  if (level === "information") return <Chip tone="info" icon={IconInfoCircle}>{t("quality.level.information")}</Chip>;
  return <Text size="xs" c="dimmed">{t("quality.level.none")}</Text>;
}
