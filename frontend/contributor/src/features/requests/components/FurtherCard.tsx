/** A newer request for more or longer rounds of a session that is agreed to; the agreement holds as it is until this is signed. */
import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatBytes, formatDateTime, formatDuration } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Facts } from "@shared/ui/Page";

import type { FurtherOffer } from "@app/api/schemas";
import { useAnswerFurther } from "@app/features/requests/api/useRequests";
import { AnswerForm } from "@app/features/requests/components/AnswerForm";

interface FurtherCardProps {
  sessionId: string;
  further: FurtherOffer;
  /** What is agreed to. */
  agreed: { rounds: number; round_deadline_s: number };
}

export function FurtherCard({ sessionId, further, agreed }: FurtherCardProps) {
  const { t } = useTranslation();
  const answer = useAnswerFurther(sessionId);
  const { offer } = further;
  const before = agreed.rounds;
  const longerOnly = offer.rounds === before;
  const title = t(longerOnly ? "further.titleLonger" : "further.title");
  const each = formatDuration(offer.round_deadline_s);
  return (
    <section aria-label={title}>
      <Stack gap="md">
        <Notice tone={further.open ? "warning" : "neutral"} title={title}>
          {longerOnly ? t("further.textLonger", { orchestrator: offer.orchestrator, each, before: formatDuration(agreed.round_deadline_s) }) : t("further.text", { orchestrator: offer.orchestrator, rounds: offer.rounds, before })} {!further.open && t("further.late")}
        </Notice>
        <Facts grid items={[
          ...(longerOnly ? [] : [[t("further.rounds"), t("further.roundsValue", { rounds: offer.rounds, before })] as const]),
          [t("request.leaves"), t("request.leavesValue", { each: formatBytes(offer.update_bytes), all: formatBytes(further.total_bytes) })],
          [t("request.howLong"), t("request.howLongValue", { count: offer.rounds, each })],
          [t("request.until"), formatDateTime(offer.answer_by)],
        ]} />
        {further.open && <AnswerForm title={t(longerOnly ? "further.answerLonger" : "further.answer")} verified studies={further.studies_covered} answer={answer} />}
        <Text size="xs" c="dimmed">{t("further.note", { count: before })}</Text>
      </Stack>
    </section>
  );
}
