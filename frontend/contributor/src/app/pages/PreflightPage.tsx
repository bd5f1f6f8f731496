/** The check of this computer and of the way to the laboratory. */
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";

import { PreflightCard } from "@app/features/preflight/components/PreflightCard";

export function PreflightPage() {
  const { t } = useTranslation();
  return <Page title={t("preflight.page")} intro={t("preflight.intro")}><div style={{ maxWidth: 860 }}><PreflightCard /></div></Page>;
}
