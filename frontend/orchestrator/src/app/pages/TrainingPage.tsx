/** All training sessions. */
import { Button } from "@mantine/core";
import { IconActivityHeartbeat, IconArrowsLeftRight, IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { useSessions } from "@app/features/sessions/api/useSessions";
import { SessionTable } from "@app/features/sessions/components/SessionTable";

export function TrainingPage() {
  const { t } = useTranslation();
  const sessions = useSessions();
  const create = <ActButton leftSection={<IconPlus size={17} />} renderRoot={(props) => <Link to="/training/new" {...props} />}>{t("sessions.new")}</ActButton>;
  const compare = (sessions.data?.length ?? 0) > 1 && <Button variant="default" leftSection={<IconArrowsLeftRight size={17} />} renderRoot={(props) => <Link to="/training/compare" {...props} />}>{t("compare.open")}</Button>;
  return (
    <Page title={t("nav.training")} intro={t("sessions.intro")} actions={(sessions.data?.length ?? 0) > 0 ? <>{compare}{create}</> : undefined}>
      <Resource query={sessions} label={t("session.loading")}>
        {(list) =>
          list.length === 0 ? <Empty icon={IconActivityHeartbeat} title={t("sessions.emptyTitle")} action={create}>{t("sessions.empty")}</Empty> : <SessionTable sessions={list} />
        }
      </Resource>
    </Page>
  );
}
