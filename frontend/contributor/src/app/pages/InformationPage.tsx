/** The information sheet for patients, in either language, fit for printing. */
import { Button, SegmentedControl } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "@shared/i18n/useLanguage";
import { Page } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import { useInformation } from "@app/features/information/api/useInformation";
import { SheetText } from "@app/features/information/components/SheetText";

export function InformationPage() {
  const { t } = useTranslation();
  const spoken = useLanguage();
  const [chosen, setChosen] = useState<"en" | "de" | null>(null);
  const information = useInformation();
  const language = chosen ?? (spoken === "de" ? "de" : "en");
  return (
    <Page title={t("sheet.title")} intro={t("sheet.intro")} actions={<>
      <SegmentedControl aria-label={t("sheet.language")} data={[{ value: "en", label: "English" }, { value: "de", label: "Deutsch" }]} value={language} onChange={(value) => setChosen(value === "de" ? "de" : "en")} />
      <Button leftSection={<IconPrinter size={17} />} onClick={() => window.print()}>{t("sheet.print")}</Button>
    </>}>
      <Resource query={information} label={t("sheet.loading")}>{(data) => <SheetText information={data} language={language} />}</Resource>
    </Page>
  );
}
