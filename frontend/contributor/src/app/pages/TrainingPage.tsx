/** The sessions this site agreed to, the active ones first. */
import { Button } from "@mantine/core";
import { IconActivityHeartbeat } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { MoreList } from "@shared/ui/MoreList";
import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import { ResourcesCard } from "@app/features/resources/components/ResourcesCard";
import { useSessions } from "@app/features/sessions/api/useSessions";
import { OPENED } from "@app/features/sessions/components/rounds";
import { SessionCard } from "@app/features/sessions/components/SessionCard";

export function TrainingPage() {
  const { t } = useTranslation();
  const sessions = useSessions();
  return (
    <Page title={t("nav.training")} intro={t("training.intro")}>
      <Resource query={sessions} label={t("training.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={IconActivityHeartbeat} title={t("training.emptyTitle")} action={<Button variant="light" renderRoot={(props) => <Link to="/requests" {...props} />}>{t("training.toRequests")}</Button>}>{t("training.empty")}</Empty>
          ) : (
            <MoreList items={[...list].sort((a, b) => Number(a.ended_at !== null) - Number(b.ended_at !== null))} idOf={({ id }) => id}>
              {(session, place) => <SessionCard session={session} opened={place < OPENED || session.ended_at === null} />}
            </MoreList>
          )
        }
      </Resource>
      <ResourcesCard />
    </Page>
  );
}
