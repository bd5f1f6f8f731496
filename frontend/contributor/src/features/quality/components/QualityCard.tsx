/** What quality control found in a study, the most serious first, each with its picture and what to do. */
import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatDateTime } from "@shared/format/format";
import { Notice, type Tone } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import { useQuality, type Finding, type Quality } from "@app/features/quality/api/useQuality";
import { FindingPicture } from "@app/features/quality/components/FindingPicture";
import { inWords } from "@app/features/quality/words";

const TONES: Record<Finding["level"], Tone> = { information: "info", warning: "warning", error: "danger" };

export function QualityCard({ studyId }: { studyId: string }) {
  const { t } = useTranslation();
  const quality = useQuality(studyId);
  return <Resource query={quality} label={t("quality.loading")}>{(found) => <Findings quality={found} />}</Resource>;
}

function Findings({ quality }: { quality: Quality }) {
  const { t } = useTranslation();
  if (quality.checked_at === null) return <Card title={t("quality.title")}><Text size="sm">{t("quality.notChecked")}</Text></Card>;
  const checks = quality.checked.map((name) => t(`quality.check.${name}`, { defaultValue: name })).join(", ");
  const worst = quality.level === "error" ? t("quality.mayNot") : quality.level === "warning" ? t("quality.lookFirst") : t("quality.fine");
  return (
    <Card title={t("quality.title")} note={t("quality.note", { count: quality.checked.length, at: formatDateTime(quality.checked_at) })}>
      <Stack gap="sm" component="ul" aria-label={t("quality.title")} style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {quality.findings.length === 0 && <li><Notice tone="success" title={t("quality.nothing")}>{t("quality.nothingNote", { count: quality.checked.length, checks })}</Notice></li>}
        {quality.findings.map((finding, index) => <li key={`${finding.code}-${index}`}><One finding={finding} /></li>)}
      </Stack>
      {quality.findings.length > 0 && <Text size="sm" mt="sm">{worst}</Text>}
    </Card>
  );
}

function One({ finding }: { finding: Finding }) {
  const { t } = useTranslation();
  const { text, remedy } = inWords(finding);
  return (
    <Notice tone={TONES[finding.level]} title={text}>
      <b>{t(`quality.level.${finding.level}`)}.</b> {remedy}
      {finding.picture !== null && <FindingPicture picture={finding.picture} label={text} />}
    </Notice>
  );
}
