/** What needs the manager now, the running session at a glance, what happened. */
import { Button, Grid, Stack } from "@mantine/core";
import { IconActivityHeartbeat, IconMoodSmile } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { translatedProblem } from "@shared/i18n/server";
import { ActivityFeed } from "@shared/ui/ActivityFeed";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";
import { TodoList, type Todo } from "@shared/ui/TodoList";

import type { Model, SessionSummary, Site } from "@app/api/schemas";
import { useActivity } from "@app/features/activity/api/useActivity";
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
  const active = sessions.data?.filter((session) => ACTIVE.has(session.state)) ?? [];
  return (
    <Page title={t("home.title")} intro={t("home.intro")}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <Resource query={sites} label={t("home.loading")}>
              {(list) => <Needs todos={todosOf(list, sessions.data ?? [], t)} />}
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
            <Card title={t("home.activity")}>
              <Resource query={activity} label={t("home.loading")}>{(lines) => <ActivityFeed lines={lines} />}</Resource>
            </Card>
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
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

type Translate = (key: string, options?: Record<string, unknown>) => string;

function todosOf(sites: readonly Site[], sessions: readonly SessionSummary[], t: Translate): Todo[] {
  const todos: Todo[] = [];
  const trusted = sites.filter((site) => site.state === "trusted");
  for (const site of sites.filter(({ state }) => state === "pending")) {
    todos.push({ key: `site-${site.id}`, tone: "warning", title: t("home.pending", { name: site.name }), text: t("home.pendingText"), action: <Button size="xs" renderRoot={(props) => <Link to="/sites" {...props} />}>{t("home.compare")}</Button> });
  }
  for (const session of sessions.filter(({ state }) => state === "failed" || state === "paused")) {
    todos.push({ key: session.id, tone: session.state === "failed" ? "danger" : "warning", title: t(`home.${session.state}`, { title: session.title }), text: translatedProblem(session.reason)?.title ?? (session.reason_text || session.advice), action: <Button size="xs" variant="default" renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: session.id }} {...props} />}>{t("home.look")}</Button> });
  }
  if (sites.length === 0) {
    todos.push({ key: "invite", tone: "info", title: t("home.invite"), text: t("home.inviteText"), action: <Button size="xs" renderRoot={(props) => <Link to="/sites" {...props} />}>{t("home.toSites")}</Button> });
  }
  const fresh = trusted.reduce((sum, site) => sum + site.new_studies, 0);
  if (fresh > 0 && !sessions.some(({ state }) => ACTIVE.has(state))) {
    todos.push({ key: "fresh", tone: "info", title: t("home.fresh", { count: fresh }), text: t("home.freshText", { names: trusted.filter((site) => site.new_studies > 0).map((site) => site.name).join(", ") }), action: <Button size="xs" renderRoot={(props) => <Link to="/training/new" {...props} />}>{t("sessions.new")}</Button> });
  }
  return todos;
}
