/** Put a request off: it comes back at the chosen time, before its answer is due. */
import { Button, Group, Modal, Radio, Stack, Text, TextInput } from "@mantine/core";
import { IconClockPause } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatDateTime } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Problem } from "@shared/ui/states";
import { useFocusHome } from "@shared/ui/useFocusHome";

import type { Request } from "@app/api/schemas";
import { useRemind } from "@app/features/requests/api/useRequests";
import { chosenTime, offered } from "@app/features/requests/components/later";

export function AskLater({ request }: { request: Request }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const remind = useRemind(request.session_id);
  useFocusHome(opened);
  if (request.remind_at !== null) {
    return (
      <div role="status">
        <Notice tone="info" title={t("later.until", { at: formatDateTime(request.remind_at) })} action={<ActButton size="xs" variant="default" loading={remind.isPending} onClick={() => remind.mutate(null)}>{t("later.now")}</ActButton>}>{t("later.note")}</Notice>
      </div>
    );
  }
  return (
    <>
      <ActButton variant="subtle" leftSection={<IconClockPause size={17} />} onClick={() => setOpened(true)}>{t("later.ask")}</ActButton>
      <Modal opened={opened} onClose={() => setOpened(false)} title={<Text fw={650} size="lg">{t("later.title")}</Text>} closeButtonProps={{ "aria-label": t("rules.close") }}>
        {opened && <LaterForm request={request} remind={remind} onClose={() => setOpened(false)} />}
      </Modal>
    </>
  );
}

function LaterForm({ request, remind, onClose }: { request: Request; remind: ReturnType<typeof useRemind>; onClose: () => void }) {
  const { t } = useTranslation();
  const due = request.offer.answer_by;
  const choices = offered(due, new Date());
  const [choice, setChoice] = useState<string>(choices[0] ?? "own");
  const [own, setOwn] = useState("");
  const at = chosenTime(choice, own, new Date());
  return (
    <Stack gap="md">
      <Text size="sm">{t("later.lead", { due: formatDateTime(due) })}</Text>
      <Radio.Group label={t("later.when")} value={choice} onChange={setChoice}>
        <Stack gap={8} mt={8}>{[...choices, "own"].map((value) => <Radio key={value} value={value} label={t(`later.choice.${value}`)} />)}</Stack>
      </Radio.Group>
      {choice === "own" && <TextInput type="datetime-local" label={t("later.own")} value={own} onChange={(event) => setOwn(event.currentTarget.value)} />}
      {remind.isError && <Problem error={remind.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>{t("rules.cancel")}</Button>
        <ActButton disabled={at === null} loading={remind.isPending} onClick={() => { if (at !== null) remind.mutate(at.toISOString(), { onSuccess: onClose }); }}>{t("later.confirm")}</ActButton>
      </Group>
    </Stack>
  );
}
