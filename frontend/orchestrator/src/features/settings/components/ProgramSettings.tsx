/** The settings of the laboratory's next start, with what another public address would mean. */
import { useTranslation } from "react-i18next";

import { NextStartCard } from "@shared/settings/NextStartCard";
import { Notice } from "@shared/ui/Chip";

const MOST_MIB = 1_000_000;

export function ProgramSettings() {
  const { t } = useTranslation();
  return (
    <NextStartCard
      fields={[
        { name: "public_host", kind: "text", label: t("nextStart.host"), note: t("nextStart.hostNote") },
        { name: "upload_limit_mib", kind: "number", least: 1, most: MOST_MIB, label: t("nextStart.upload"), note: t("nextStart.uploadNote") },
      ]}
      warn={(draft, { present, public_address: address, open_invitations: count }) => draft.public_host !== present.public_host && <Notice tone="warning" title={t("nextStart.hostWarn", { address })}>{t("nextStart.hostMeans", { count })}</Notice>}
    />
  );
}
