/** Who takes part in the coming rounds: take back, leave out, ask again, ask further sites. */
import { Button, Checkbox, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { Problem } from "@shared/ui/states";

import type { Participation, Session, Site } from "@app/api/schemas";
import { useChangeSites } from "@app/features/sessions/api/useSessions";
import { usableFor } from "@app/features/sessions/wizard/draft";

interface SitesDialogProps {
  session: Session;
  sites: readonly Site[];
  opened: boolean;
  onClose: () => void;
}

interface Row {
  id: string;
  name: string;
  note: string;
  isIn: boolean;
}

export function SitesDialog(props: SitesDialogProps) {
  const { t } = useTranslation();
  const { session, opened, onClose } = props;
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={650} size="lg">{t("change.sitesTitle", { title: session.title })}</Text>} closeButtonProps={{ "aria-label": t("models.close") }}>
      {opened && <SitesForm {...props} />}
    </Modal>
  );
}

const saidNo = (site: Participation) => site.state === "declined" || site.state === "withdrawn";
const isOver = (site: Participation) => site.consent != null && site.state !== "invited" && new Date(site.consent.valid_until) <= new Date();
const isIn = (site: Participation) => !site.left_out && !saidNo(site) && !isOver(site);

function noteKey(site: Participation): string {
  if (site.left_out) return "change.out";
  if (site.state === "declined") return "change.saidNo";
  if (site.state === "withdrawn") return "change.withdrew";
  if (isOver(site)) return "change.over";
  return site.state === "invited" ? "change.asked" : "change.inNow";
}

function SitesForm({ session, sites, onClose }: SitesDialogProps) {
  const { t } = useTranslation();
  const invited = new Set(session.participations.map((site) => site.site_id));
  const rows: Row[] = [
    ...session.participations.map((site) => ({ id: site.site_id, name: site.site_name, note: t(noteKey(site)), isIn: isIn(site) })),
    ...sites.filter((site) => site.state === "trusted" && !invited.has(site.id)).map((site) => ({ id: site.id, name: site.name, note: t("change.new", { count: usableFor(site, session.task, session.task_parameters) }), isIn: false })),
  ];
  const [chosen, setChosen] = useState(() => rows.filter((row) => row.isIn).map((row) => row.id));
  const [hours, setHours] = useState(72);
  const change = useChangeSites(session.id);
  const add = rows.filter((row) => !row.isIn && chosen.includes(row.id)).map((row) => row.id);
  const leaveOut = rows.filter((row) => row.isIn && !chosen.includes(row.id)).map((row) => row.id);
  const nothing = add.length + leaveOut.length === 0;
  const few = Math.max(1, Math.ceil(session.fraction * chosen.length)) < session.quorum || chosen.length === 0;
  const ready = !nothing && !few && hours > 0;
  return (
    <form onSubmit={(event) => { event.preventDefault(); if (ready) change.mutate({ add, leave_out: leaveOut, answer_hours: hours }, { onSuccess: onClose }); }}>
      <Stack gap="md">
        <Text size="sm">{t("change.sitesLead")}</Text>
        <Checkbox.Group label={t("change.sitesLabel")} value={chosen} onChange={setChosen}>
          <Stack gap="xs" mt="xs" style={{ maxHeight: 320, overflowY: "auto" }}>
            {rows.map((row) => <Checkbox key={row.id} value={row.id} label={row.name} description={row.note} />)}
          </Stack>
        </Checkbox.Group>
        {add.length > 0 && <NumberField label={t("change.answer")} description={t("change.answerNote")} min={1} max={720} value={hours} onChange={(value) => setHours(Number(value))} />}
        {nothing && <Text size="sm" c="dimmed">{t("change.sitesNone")}</Text>}
        {!nothing && few && <Text size="sm" c="var(--tone-danger)">{t("change.sitesQuorum", { quorum: session.quorum })}</Text>}
        {change.isError && <Problem error={change.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>{t("change.cancel")}</Button>
          <ActButton type="submit" disabled={!ready} loading={change.isPending}>{t("change.sitesConfirm")}</ActButton>
        </Group>
      </Stack>
    </form>
  );
}
