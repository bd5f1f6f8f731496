/** Whether a study can be used. */
import { IconArchive } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Chip } from "@shared/ui/Chip";

import type { Study } from "@app/api/schemas";

export function StudyChip({ state }: { state: Study["state"] }) {
  const { t } = useTranslation();
  if (state === "usable") return <Chip tone="success">{t("data.usable")}</Chip>;
  if (state === "unusable") return <Chip tone="danger">{t("data.unusable")}</Chip>;
  return <Chip tone="neutral" icon={IconArchive}>{t("data.withdrawn")}</Chip>;
}
