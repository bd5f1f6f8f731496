/** More rounds, longer rounds, more time to answer; says what needs new signatures. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { Problem } from "@shared/ui/states";

import type { Session } from "@app/api/schemas";
import { useExtendSession } from "@app/features/sessions/api/useSessions";

interface ExtendDialogProps {
  session: Session;
  opened: boolean;
  onClose: () => void;
}

export function ExtendDialog({ session, opened, onClose }: ExtendDialogProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650} size="lg">{t("change.extendTitle", { title: session.title })}</Text>} closeButtonProps={{ "aria-label": t("models.close") }}>
      {opened && <ExtendForm session={session} onClose={onClose} />}
    </Modal>
  );
}

function ExtendForm({ session, onClose }: Omit<ExtendDialogProps, "opened">) {
  const { t } = useTranslation();
  const now = session.round_deadline_s / 60;
  const [rounds, setRounds] = useState(session.rounds_planned);
  const [minutes, setMinutes] = useState(now);
  const [hours, setHours] = useState(72);
  const extend = useExtendSession(session.id);
  const waits = session.state === "offered";
  const changed = rounds > session.rounds_planned || minutes !== now || waits;
  const fits = rounds >= session.rounds_planned && rounds <= 1000 && minutes > 0 && hours > 0;
  const submit = () => extend.mutate({ rounds, round_deadline_s: minutes * 60, answer_hours: hours }, { onSuccess: onClose });
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (changed && fits) submit(); }}>
      <Stack gap="md">
        <Text size="sm">{t("change.extendLead")} {waits && t("change.extendOffered")}</Text>
        <NumberField data-autofocus label={t("change.rounds")} description={t("change.roundsNote", { count: session.rounds_planned })} min={session.rounds_planned} max={1000} allowDecimal={false} value={rounds} onChange={(value) => setRounds(Number(value))} />
        <NumberField label={t("change.deadline")} description={t("change.deadlineNote")} min={1} max={10_080} value={minutes} onChange={(value) => setMinutes(Number(value))} />
        <NumberField label={t("change.answer")} description={t("change.answerNote")} min={1} max={720} value={hours} onChange={(value) => setHours(Number(value))} />
        {!(changed && fits) && <Text size="sm" c="dimmed">{t(waits ? "change.nothingOffered" : "change.nothing")}</Text>}
        {extend.isError && <Problem error={extend.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>{t("change.cancel")}</Button>
          <ActButton type="submit" disabled={!(changed && fits)} loading={extend.isPending}>{t("change.extendConfirm")}</ActButton>
        </Group>
      </Stack>
    </form>
  );
}
