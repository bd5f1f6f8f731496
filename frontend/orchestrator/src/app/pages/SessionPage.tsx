/** One session, live. */
import { Anchor, Button, Grid, Stack } from "@mantine/core";
import { IconMapOff, IconStack2 } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { toProblem } from "@shared/api/problem";
import { formatDateTime } from "@shared/format/format";
import { translatedName } from "@shared/i18n/server";
import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { Session, Task } from "@app/api/schemas";
import { useActivityText } from "@app/features/activity/words";
import { useSession, useTasks } from "@app/features/sessions/api/useSessions";
import { metricOf, metricTitles } from "@app/features/sessions/components/metrics";
import { MetricChart } from "@app/features/sessions/components/MetricChart";
import { Participants } from "@app/features/sessions/components/Participants";
import { Phases } from "@app/features/sessions/components/Phases";
import { RoundsTable } from "@app/features/sessions/components/RoundsTable";
import { SessionActions } from "@app/features/sessions/components/SessionActions";
import { SessionFigures } from "@app/features/sessions/components/SessionFigures";
import { SessionLog } from "@app/features/sessions/components/SessionLog";
import { SessionNotice } from "@app/features/sessions/components/SessionNotice";
import { SessionMore } from "@app/features/sessions/components/SessionMore";
import { SessionChip } from "@app/features/sessions/components/states";
import { TimeSpent } from "@app/features/sessions/components/TimeSpent";
import { useSites } from "@app/features/sites/api/useSites";

export function SessionPage() {
  const { t } = useTranslation();
  const { sessionId } = useParams({ from: "/training/$sessionId" });
  const session = useSession(sessionId);
  const tasks = useTasks();
  if (session.isError && toProblem(session.error).status === 404) {
    return <Page title={t("notFound.session")}><Empty icon={IconMapOff} title={t("notFound.what")}>{t("notFound.advice")}</Empty></Page>;
  }
  return (
    <Resource query={session} label={t("session.loading")}>
      {(known) => <SessionView session={known} task={tasks.data?.find(({ name }) => name === known.task)} />}
    </Resource>
  );
}

/** The way to what the session made, once it has ended. */
function OpenModel({ session }: { session: Session }) {
  const { t } = useTranslation();
  const model = session.latest_model_id;
  if (session.ended_at === null || model === null || model === session.initial_model_id) return null;
  return <Button leftSection={<IconStack2 size={17} />} renderRoot={(props) => <Link to="/models" search={{ model }} {...props} />}>{t("session.openModel")}</Button>;
}

function SessionView({ session, task }: { session: Session; task: Task | undefined }) {
  const { t } = useTranslation();
  const sites = useSites();
  const words = useActivityText();
  const begun = session.started_at !== null || session.rounds.length > 0;
  const intro = [
    translatedName("task", session.task, task?.title ?? session.task),
    t(`strategy.${session.strategy.name}`, { defaultValue: session.strategy.name }),
    session.round === 0 ? t("session.planned", { count: session.rounds_planned }) : t("session.roundOf", { round: session.round, of: session.rounds_planned }),
    session.started_at === null ? t("session.createdAt", { at: formatDateTime(session.created_at) }) : t("session.startedAt", { at: formatDateTime(session.started_at) }),
  ].join(" · ");
  return (
    <Page
      title={session.title}
      intro={intro}
      chip={<SessionChip state={session.state} />}
      actions={<><OpenModel session={session} /><SessionActions session={session} /><SessionMore session={session} sites={sites.data ?? []} /></>}
      back={<Anchor size="sm" renderRoot={(props) => <Link to="/training" {...props} />}>← {t("nav.training")}</Anchor>}
    >
      <SessionNotice session={session} />
      {begun && <SessionFigures session={session} primary={metricOf(task)} />}
      {["starting", "running", "stopping"].includes(session.state) && <Phases session={session} />}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7, lg: 8 }}>
          <Stack gap="md">
            {begun && <MetricChart session={session} titles={metricTitles(task)} />}
            <RoundsTable session={session} primary={metricOf(task)} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5, lg: 4 }}>
          <Stack gap="md">
            <Participants session={session} />
            <TimeSpent session={session} />
            <SessionLog session={session} words={words} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}
