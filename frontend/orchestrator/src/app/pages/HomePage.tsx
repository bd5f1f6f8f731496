/** What needs the manager now, the running session at a glance, what happened. */
import { Button, Grid, Stack } from "@mantine/core";
import { IconActivityHeartbeat, IconMoodSmile } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useMarkSeen, useUnreadOf } from "@shared/activity/seen";
import { ActivityFeed } from "@shared/ui/ActivityFeed";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";
import { TodoList, type Todo } from "@shared/ui/TodoList";
import { useNow } from "@shared/ui/useNow";

import type { Model, SessionSummary, Site } from "@app/api/schemas";
import { todosOf } from "@app/app/todos";
import { useActivity } from "@app/features/activity/api/useActivity";
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
  const now = useNow(60_000);
  const active = sessions.data?.filter((session) => ACTIVE.has(session.state)) ?? [];
  return (
    <Page title={t("home.title")} intro={t("home.intro")}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <Resource query={sites} label={t("home.loading")}>
              {(list) => <Needs todos={todosOf(list, sessions.data ?? [], t, now)} />}
            </Resource>
            {active.map((session) => <SessionGlance key={session.id} session={session} />)}
            {active.length === 0 && sessions.data !== undefined && (
              <Card title={t("home.running")}>
                <Empty plain icon={IconActivityHeartbeat} title={t("home.idleTitle")} action={<Button variant="light" renderRoot={(props) => <Link to="/training/new" {...props} />}>{t("sessions.new")}</Button>}>{t("home.idle")}</Empty>
              </Card>
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="md">
            <Totals sites={sites.data ?? []} sessions={sessions.data ?? []} models={models.data ?? []} />
            <Happened />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Happened() {
  const { t } = useTranslation();
  const activity = useActivity();
  const unread = useUnreadOf(activity.data);
  const mark = useMarkSeen();
  const words = useActivityText();
  const newest = activity.data?.[0]?.seq ?? 0;
  return (
    <Card title={t("home.activity")} aside={unread.size > 0 && <Button size="compact-sm" variant="subtle" loading={mark.isPending} onClick={() => mark.mutate(newest)}>{t("unread.mark")}</Button>}>
      {mark.isError && <Problem error={mark.error} />}
      <Resource query={activity} label={t("home.loading")}>{(lines) => <ActivityFeed lines={lines.map((line) => ({ ...line, text: words(line) }))} unread={unread} />}</Resource>
    </Card>
  );
}

function Needs({ todos }: { todos: readonly Todo[] }) {
  const { t } = useTranslation();
  return (
    <Card title={t("home.needs")}>
      {todos.length === 0 ? <Empty plain icon={IconMoodSmile} title={t("home.nothingTitle")}>{t("home.nothing")}</Empty> : <TodoList label={t("home.needs")} todos={todos} />}
    </Card>
  );
}

function Totals({ sites, sessions, models }: { sites: readonly Site[]; sessions: readonly SessionSummary[]; models: readonly Model[] }) {
  const { t } = useTranslation();
  const trusted = sites.filter((site) => site.state === "trusted");
  return (
    <Card title={t("home.totals")}>
      <Facts items={[
        [t("nav.sites"), t("home.online", { online: trusted.filter((site) => site.online).length, of: trusted.length })],
        [t("home.studies"), trusted.reduce((sum, site) => sum + (site.data?.studies_usable ?? 0), 0)],
        [t("home.sessions"), sessions.length],
        [t("nav.models"), models.length],
      ]} />
    </Card>
  );
}
