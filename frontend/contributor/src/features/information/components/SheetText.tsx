/** The sheet in one language, as it is read and printed. */
import { Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatDay } from "@shared/format/format";

import type { Information } from "@app/features/information/api/useInformation";

interface SheetTextProps {
  information: Information;
  language: "en" | "de";
}

export function SheetText({ information, language }: SheetTextProps) {
  const { t } = useTranslation();
  const sheet = information.sheets.find((one) => one.language === language);
  if (sheet === undefined) return null;
  return (
    <article className="card sheet" lang={language} aria-label={sheet.title}>
      <Title order={2} size={22}>{sheet.title}</Title>
      <Text c="dimmed" mb="md">{sheet.lead}</Text>
      <Stack gap="md">
        {sheet.sections.map((section) => (
          <section key={section.heading} aria-label={section.heading}>
            <Title order={3} size={16} mb={4}>{section.heading}</Title>
            {section.paragraphs.map((paragraph) => <Text key={paragraph} mb={6}>{paragraph}</Text>)}
          </section>
        ))}
      </Stack>
      <Text size="xs" c="dimmed" mt="lg" className="mono" style={{ overflowWrap: "anywhere" }}>{t("sheet.version", { version: information.version, issued: formatDay(information.issued) })} · SHA-256 {information.sha256}</Text>
    </article>
  );
}
