/** A request in plain words, with three permissions, and its signed answer. */
import { Anchor, Stack, Text } from "@mantine/core";
import { IconBan, IconClockOff, IconFlag, IconX, type Icon } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { formatBytes, formatDateTime, formatDuration } from "@shared/format/format";
import { Chip, Notice, type Tone } from "@shared/ui/Chip";
import { Card, Facts } from "@shared/ui/Page";

import type { Request } from "@app/api/schemas";
import { useAnswer } from "@app/features/requests/api/useRequests";
import { AnswerForm } from "@app/features/requests/components/AnswerForm";
import { AskLater } from "@app/features/requests/components/AskLater";
import { FurtherCard } from "@app/features/requests/components/FurtherCard";
import { SignedRecord } from "@app/features/requests/components/SignedRecord";

const TONES: Record<Request["state"], Tone> = { open: "warning", agreed: "success", declined: "neutral", expired: "neutral", withdrawn: "neutral", closed: "neutral" };

/** What is over does not look like what waits. */
const ICONS: Partial<Record<Request["state"], Icon>> = { declined: IconX, expired: IconClockOff, withdrawn: IconBan, closed: IconFlag };

export function RequestCard({ request }: { request: Request }) {
  const { t } = useTranslation();
  const { offer } = request;
  const open = request.state === "open";
  const answer = useAnswer(request.session_id);
  return (
    <Card title={offer.title} tone={(open && request.remind_at === null) || request.further?.open ? "attention" : undefined} note={t("request.from", { orchestrator: offer.orchestrator, at: formatDateTime(request.received_at) })} aside={<span role="status"><Chip tone={open && request.remind_at !== null ? "neutral" : TONES[request.state]} icon={ICONS[request.state]}>{t(open && request.remind_at !== null ? "later.chip" : `request.state.${request.state}`)}</Chip></span>}>
      <Stack gap="lg">
        {!request.verified && <Notice tone="danger" title={t("request.unverified")}>{t("request.unverifiedAdvice")}</Notice>}
        <Text>{t("request.sentence", { orchestrator: offer.orchestrator, task: t(`task.${offer.task}`, { defaultValue: offer.task }), count: request.studies_covered, rounds: t("request.rounds", { count: offer.rounds }) })}</Text>
        {offer.note !== "" && <blockquote style={{ margin: 0, paddingLeft: 14, borderLeft: "3px solid var(--line)" }}><Text size="sm" fs="italic">{offer.note}</Text></blockquote>}
        <Facts grid items={[
          [t("request.who"), offer.orchestrator],
          [t("request.what"), t(`task.${offer.task}`, { defaultValue: offer.task })],
          [t("request.mine"), t("request.studies", { count: request.studies_covered })],
          ...(offer.task_parameters["without_reference"] === "full-counts" ? [[t("request.without"), t("request.withoutValue")] as const] : []),
          [t("request.leaves"), t("request.leavesValue", { each: formatBytes(offer.update_bytes), all: formatBytes(request.total_bytes) })],
          [t("request.never"), t("request.neverValue")],
          [t("request.with"), t("request.withValue", { count: Math.max(0, offer.sites_invited - 1) })],
          [t("request.howLong"), t("request.howLongValue", { count: offer.rounds, each: formatDuration(offer.round_deadline_s) })],
          [t("request.until"), formatDateTime(offer.answer_by)],
          [t("request.get"), t("request.getValue")],
          [t("request.sheet"), <Anchor key="sheet" size="sm" underline="always" renderRoot={(props) => <Link to="/information" {...props} />}>{t("request.sheetRead")}</Anchor>],
        ]} />
        {open && request.remind_at !== null && <AskLater request={request} />}
        {open && <AnswerForm title={t("answer.title")} verified={request.verified} studies={request.studies_covered} answer={answer} later={request.remind_at === null && <AskLater request={request} />} />}
        {request.further !== null && <FurtherCard sessionId={request.session_id} further={request.further} agreed={offer} />}
        {request.consent !== null && <SignedRecord consent={request.consent} request={request} />}
      </Stack>
    </Card>
  );
}
