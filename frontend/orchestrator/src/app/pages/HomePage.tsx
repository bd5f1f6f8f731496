/** What needs the manager now, the running session at a glance, what happened. */
import { Button, Grid, Stack } from "@mantine/core";
import { IconActivityHeartbeat } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { ActivityCard } from "@shared/activity/ActivityCard";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";
import { TodoCard } from "@shared/ui/TodoList";
import { useNow } from "@shared/ui/useNow";

import type { Model, SessionSummary, Site } from "@app/api/schemas";
import { todosOf } from "@app/app/todos";
import { useActivity, useOlderActivity } from "@app/features/activity/api/useActivity";
import { useActivityText } from "@app/features/activity/words";
import { useModels } from "@app/features/models/api/useModels";
import { useSessions } from "@app/features/sessions/api/useSessions";
import { SessionGlance } from "@app/features/sessions/components/SessionGlance";
import { useSites } from "@app/features/sites/api/useSites";

const ACTIVE = new Set<SessionSummary["state"]>(["running", "starting", "stopping", "offered", "paused"]);

export function HomePage() {
  const { t } = useTranslation();
  const sites = useSites();
  const sessions = useSessions();
  const models = useModels();
  const activity = useActivity();
  const older = useOlderActivity();
  const words = useActivityText();
  const now = useNow(60_000);
  return (
    <Page title={t("home.title")} intro={t("home.intro")}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <Resource query={sites} label={t("home.loading")}>
              {(list) => (
                <Resource query={sessions} label={t("home.loading")}>
                  {(begun) => (
                    <>
                      <TodoCard title={t("home.needs")} todos={todosOf(list, begun, t, now)} emptyTitle={t("home.nothingTitle")} empty={t("home.nothing")} />
                      <Running sessions={begun} />
                    </>
                  )}
                </Resource>
              )}
            </Resource>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="md">
            <Resource query={models} label={t("home.loading")}>{(list) => <Totals sites={sites.data} sessions={sessions.data} models={list} />}</Resource>
            <ActivityCard query={activity} older={older} words={words} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Running({ sessions }: { sessions: readonly SessionSummary[] }) {
  const { t } = useTranslation();
  const active = sessions.filter((session) => ACTIVE.has(session.state));
  if (active.length > 0) return active.map((session) => <SessionGlance key={session.id} session={session} />);
  return (
    <Card title={t("home.running")}>
      <Empty plain icon={IconActivityHeartbeat} title={t("home.idleTitle")} action={<Button variant="light" renderRoot={(props) => <Link to="/training/new" {...props} />}>{t("sessions.new")}</Button>}>{t("home.idle")}</Empty>
    </Card>
  );
}

/** What is not known yet is a dash; the cards beside say why. */
function Totals({ sites, sessions, models }: { sites: readonly Site[] | undefined; sessions: readonly SessionSummary[] | undefined; models: readonly Model[] }) {
  const { t } = useTranslation();
  const trusted = sites?.filter((site) => site.state === "trusted");
  return (
    <Card title={t("home.totals")}>
      <Facts items={[
        [t("nav.sites"), trusted === undefined ? "–" : t("home.online", { online: trusted.filter((site) => site.online).length, of: trusted.length })],
        [t("home.studies"), trusted?.reduce((sum, site) => sum + (site.data?.studies_usable ?? 0), 0) ?? "–"],
        [t("home.sessions"), sessions?.length ?? "–"],
        [t("nav.models"), models.length],
      ]} />
    </Card>
  );
}
