/** Three permissions, then agree or decline. */
import { Checkbox, Group, Radio, Stack, Text, Textarea } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { Problem } from "@shared/ui/states";

import type { RequestAnswer, SendPermission } from "@app/api/schemas";

const SENDS: readonly SendPermission[] = ["yes", "ask", "no"];
const isSend = (value: string): value is SendPermission => SENDS.some((known) => known === value);

interface AnswerFormProps {
  title: string;
  verified: boolean;
  /** Usable studies an agreement would cover. */
  studies: number;
  /** A further way to answer, beside the buttons. */
  later?: ReactNode;
  answer: { mutate: (answer: RequestAnswer) => void; variables: RequestAnswer | undefined; isPending: boolean; isError: boolean; error: unknown };
}

export function AnswerForm({ title, verified, studies, later, answer }: AnswerFormProps) {
  const { t } = useTranslation();
  const [takePart, setTakePart] = useState(true);
  const [train, setTrain] = useState(true);
  const [send, setSend] = useState<SendPermission>("yes");
  const [reason, setReason] = useState("");
  const submit = (decision: "agree" | "decline") => answer.mutate({ decision, reason, permissions: { take_part: takePart, train_on_my_data: train, send_model: send } });
  const agreeable = takePart && train && verified && studies > 0;
  return (
    <Stack gap="md" role="group" aria-label={title}>
      <Text fw={620}>{title}</Text>
      <Checkbox label={t("answer.takePart")} description={t("answer.takePartNote")} checked={takePart} onChange={(event) => setTakePart(event.currentTarget.checked)} />
      <Checkbox label={t("answer.train", { count: studies })} description={t("answer.trainNote")} checked={train} onChange={(event) => setTrain(event.currentTarget.checked)} />
      <Radio.Group label={t("answer.send")} description={t("answer.sendNote")} value={send} onChange={(value) => { if (isSend(value)) setSend(value); }}>
        <Stack gap={8} mt={8}>{SENDS.map((value) => <Radio key={value} value={value} label={t(`answer.sends.${value}`)} description={t(`answer.sendsNote.${value}`)} />)}</Stack>
      </Radio.Group>
      <Textarea label={t("answer.reason")} description={t("answer.reasonNote")} maxLength={500} autosize minRows={1} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      {studies === 0 && <Notice tone="warning" title={t("answer.noData")}>{t("answer.noDataAdvice")}</Notice>}
      {answer.isError && <Problem error={answer.error} />}
      <Group gap="xs">
        <ActButton leftSection={<IconCheck size={17} />} disabled={!agreeable || answer.isPending} loading={answer.isPending && answer.variables?.decision === "agree"} onClick={() => submit("agree")}>{t("answer.agree")}</ActButton>
        <ActButton variant="default" leftSection={<IconX size={17} />} disabled={answer.isPending} loading={answer.isPending && answer.variables?.decision === "decline"} onClick={() => submit("decline")}>{t("answer.decline")}</ActButton>
        {later}
        <Text size="xs" c="dimmed" style={{ flex: "1 1 200px" }}>{t("answer.signed")}</Text>
      </Group>
    </Stack>
  );
}
