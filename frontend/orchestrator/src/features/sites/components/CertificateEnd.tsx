/** When a site's certificate ends; a warning when that is soon. */
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatDateTime } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { useNow } from "@shared/ui/useNow";

import type { Site } from "@app/api/schemas";

const DAY_MS = 86_400_000;
/** Renewal begins 30 days before the end: fewer than these mean that it did not work. */
export const SOON_DAYS = 14;

/** Whole days until the end of a trusted site's certificate; undefined when that is not soon. */
export function daysLeft(site: Site, now: number): number | undefined {
  if (site.certificate_expires_at === null || site.state !== "trusted") return undefined;
  const days = Math.floor((new Date(site.certificate_expires_at).getTime() - now) / DAY_MS);
  return days < SOON_DAYS ? days : undefined;
}

export function CertificateEnd({ site }: { site: Site }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  if (site.certificate_expires_at === null) return <>–</>;
  const days = daysLeft(site, now);
  if (days === undefined) return <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>{t("trust.until", { until: formatDateTime(site.certificate_expires_at).replace(/,.*/, "") })}</Text>;
  return <Chip tone={days < 0 ? "danger" : "warning"}>{days < 0 ? t("trust.ended") : t("trust.ends", { count: days })}</Chip>;
}
