/** What else can be done with a session: extend, change its sites, run it again, take it along as a file. */
import { Button, Menu } from "@mantine/core";
import { IconArrowsShuffle, IconBraces, IconDots, IconRepeat, IconTable, IconTimelineEventPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "@shared/accounts/api";
import { saveText } from "@shared/format/save";

import type { Session, Site } from "@app/api/schemas";
import { ExtendDialog } from "@app/features/sessions/components/ExtendDialog";
import { metricsCsv } from "@app/features/sessions/components/csv";
import { SitesDialog } from "@app/features/sessions/components/SitesDialog";

export function SessionMore({ session, sites }: { session: Session; sites: readonly Site[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayAct = useMe().data?.can_act ?? true;
  const [open, setOpen] = useState<"extend" | "sites" | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  // The entry goes with the menu; the button stays, so it is what the focus returns to.
  const show = (what: "extend" | "sites") => { button.current?.focus(); setOpen(what); };
  const close = () => setOpen(null);
  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md">
        <Menu.Target><Button ref={button} variant="default" leftSection={<IconDots size={17} />} aria-label={t("change.moreOf")}>{t("change.more")}</Button></Menu.Target>
        <Menu.Dropdown>
          {session.can_extend && <Menu.Item leftSection={<IconTimelineEventPlus size={16} />} disabled={!mayAct} onClick={() => show("extend")}>{t("change.extend")}</Menu.Item>}
          {session.can_change_sites && <Menu.Item leftSection={<IconArrowsShuffle size={16} />} disabled={!mayAct} onClick={() => show("sites")}>{t("change.sites")}</Menu.Item>}
          <Menu.Item leftSection={<IconRepeat size={16} />} disabled={!mayAct} onClick={() => void navigate({ to: "/training/new", search: { from: session.id } })}>{t("change.again")}</Menu.Item>
          <Menu.Divider />
          <Menu.Item component="a" href={`/api/v1/sessions/${session.id}/export`} download={`${session.id}.json`} leftSection={<IconBraces size={16} />}>{t("change.json")}</Menu.Item>
          <Menu.Item leftSection={<IconTable size={16} />} disabled={session.rounds.every((round) => round.record === null)} onClick={() => saveText(`${session.id}-metrics.csv`, metricsCsv(session), "text/csv")}>{t("change.csv")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ExtendDialog session={session} opened={open === "extend"} onClose={close} />
      <SitesDialog session={session} sites={sites} opened={open === "sites"} onClose={close} />
    </>
  );
}
