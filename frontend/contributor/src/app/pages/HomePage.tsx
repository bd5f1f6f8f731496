/** What waits for the professional, what runs, what happened; before enrolment, the welcome. */
import { Button, Grid, Stack } from "@mantine/core";
import { IconActivityHeartbeat } from "@tabler/icons-react";
import { Link, Navigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { ActivityCard } from "@shared/activity/ActivityCard";
import { Card, Facts, Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";
import { TodoCard, type Todo } from "@shared/ui/TodoList";

import type { Request, SiteSessionSummary, System } from "@app/api/schemas";
import { useActivity, useOlderActivity } from "@app/features/activity/api/useActivity";
import { useActivityText } from "@app/features/activity/words";
import { ConnectionChip } from "@app/features/enrolment/components/ConnectionChip";
import { detailOf } from "@app/features/enrolment/words";
import { useRequests } from "@app/features/requests/api/useRequests";
import { useSessions } from "@app/features/sessions/api/useSessions";
import { heldRounds, isActive } from "@app/features/sessions/components/rounds";
import { SessionGlance } from "@app/features/sessions/components/SessionGlance";
import { useSystem } from "@app/features/system/api/useSystem";
import { wording } from "@app/i18n/wording";

export function HomePage() {
  const { t } = useTranslation();
  const system = useSystem();
  return <Resource query={system} label={t("home.loading")}>{(data) => (data.connection.state === "not_enrolled" || data.connection.state === "pending" ? <Navigate to="/connect" replace /> : <Overview system={data} />)}</Resource>;
}

function Overview({ system }: { system: System }) {
  const { t } = useTranslation();
  const requests = useRequests();
  const sessions = useSessions();
  const activity = useActivity();
  const older = useOlderActivity();
  const words = useActivityText();
  return (
    <Page title={t("home.title")} intro={t("home.intro")}>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <Resource query={requests} label={t("home.loading")}>
              {(asked) => <Resource query={sessions} label={t("home.loading")}>{(list) => <Now system={system} requests={asked} sessions={list} />}</Resource>}
            </Resource>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="md">
            <ConnectionCard system={system} />
            <ActivityCard query={activity} older={older} words={words} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Now({ system, requests, sessions }: { system: System; requests: readonly Request[]; sessions: readonly SiteSessionSummary[] }) {
  const { t } = useTranslation();
  const active = sessions.filter((session) => session.ended_at === null && session.consent_state === "agreed");
  return (
    <>
      <TodoCard title={t("home.needs")} todos={todosOf(system, requests, sessions, t)} emptyTitle={t("home.nothingTitle")} empty={t("home.nothing")} />
      {active.map((session) => <SessionGlance key={session.id} session={session} action={<Button variant="light" renderRoot={(props) => <Link to="/training" {...props} />}>{t("home.watch")}</Button>} />)}
      {active.length === 0 && <Card title={t("home.running")}><Empty plain icon={IconActivityHeartbeat} title={t("home.idleTitle")}>{t("home.idle")}</Empty></Card>}
    </>
  );
}

function ConnectionCard({ system }: { system: System }) {
  const { t } = useTranslation();
  const { connection, shared_summary: shared } = system;
  return (
    <Card title={t("home.connection")} aside={<ConnectionChip state={connection.state} />}>
      <Facts items={[
        [t("connect.orchestrator"), connection.orchestrator ?? "–"],
        [t("home.contact"), connection.last_contact === null ? "–" : <Ago key="c" at={connection.last_contact} />],
        [t("home.usable"), t("data.usableOf", { usable: shared.studies_usable, total: shared.studies_total })],
      ]} />
    </Card>
  );
}

type Translate = (key: string, options?: Record<string, unknown>) => string;

function todosOf(system: System, requests: readonly Request[], sessions: readonly SiteSessionSummary[], t: Translate): Todo[] {
  const todos: Todo[] = [];
  const { state } = system.connection;
  if (state === "refused" || state === "suspended" || state === "revoked" || state === "protocol_mismatch") {
    todos.push({ key: "connection", tone: state === "suspended" ? "warning" : "danger", title: t(`connect.ended.${state}`), text: detailOf(system.connection) || t(`connect.endedAdvice.${state}`), action: <Button size="xs" renderRoot={(props) => <Link to="/connect" {...props} />}>{t("home.look")}</Button> });
  }
  const { finding } = system.connection;
  if (finding?.level === "red") {
    const { text, remedy } = wording(finding);
    todos.push({ key: "line", tone: "danger", title: text, text: remedy, action: <Button size="xs" renderRoot={(props) => <Link to="/settings" {...props} />}>{t("home.look")}</Button> });
  }
  for (const session of sessions) {
    for (const round of heldRounds(session)) {
      todos.push({ key: `held-${session.id}-${round}`, tone: "warning", title: t("home.held", { round, title: session.title }), text: t("home.heldText"), action: <Button size="xs" renderRoot={(props) => <Link to="/training" {...props} />}>{t("home.decide")}</Button> });
    }
  }
  for (const session of sessions.filter((one) => one.paused && isActive(one))) {
    todos.push({ key: `paused-${session.id}`, tone: "info", title: t("pause.todo", { title: session.title }), text: t("pause.todoText"), action: <Button size="xs" variant="default" renderRoot={(props) => <Link to="/training" {...props} />}>{t("home.look")}</Button> });
  }
  for (const request of requests.filter((item) => item.state === "open" && item.remind_at === null)) {
    todos.push({ key: request.session_id, tone: "warning", title: t("home.request", { title: request.offer.title }), text: t("home.requestText", { orchestrator: request.offer.orchestrator, count: request.studies_covered }), action: <Button size="xs" renderRoot={(props) => <Link to="/requests" {...props} />}>{t("home.read")}</Button> });
  }
  for (const { session_id: id, offer, further } of requests.filter((item) => item.further?.open)) {
    const longerOnly = further?.offer.rounds === offer.rounds;
    todos.push({ key: `further-${id}`, tone: "warning", title: t(longerOnly ? "further.todoLonger" : "further.todo", { title: offer.title }), text: t("further.todoText", { orchestrator: offer.orchestrator }), action: <Button size="xs" renderRoot={(props) => <Link to="/requests" {...props} />}>{t("home.read")}</Button> });
  }
  if (system.shared_summary.studies_total === 0) {
    todos.push({ key: "data", tone: "info", title: t("home.addData"), text: t("home.addDataText"), action: <Button size="xs" renderRoot={(props) => <Link to="/data" {...props} />}>{t("intake.add")}</Button> });
  }
  return todos;
}
