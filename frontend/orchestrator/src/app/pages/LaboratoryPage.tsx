/** The laboratory: what is under way, data sets, jobs. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { IconDatabase, IconFlask2, IconFolderPlus, IconListCheck, IconScale, IconSchool, IconSparkles, IconWand } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Card, Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { JobSummary } from "@app/api/laboratorySchemas";
import { useJobs, useSets } from "@app/features/laboratory/api/useLaboratory";
import { AddFolder } from "@app/features/laboratory/components/AddFolder";
import { JobTable } from "@app/features/laboratory/components/JobTable";
import { SetTable } from "@app/features/laboratory/components/SetTable";
import { JobChip, JobProgress } from "@app/features/laboratory/components/states";

export function LaboratoryPage() {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const jobs = useJobs();
  const sets = useSets();
  const running = (jobs.data ?? []).filter(({ state }) => state === "running");
  const waiting = (jobs.data ?? []).filter(({ state }) => state === "queued").length;
  const actions = (
    <>
      <ActButton variant="default" leftSection={<IconFolderPlus size={17} />} onClick={() => setAdding(true)}>{t("lab.addFolder")}</ActButton>
      <Button leftSection={<IconWand size={17} />} renderRoot={(props) => <Link to="/laboratory/make" {...props} />}>{t("lab.make")}</Button>
    </>
  );
  return (
    <Page title={t("nav.laboratory")} intro={t("lab.intro")} actions={(
      <>
        <Button variant="default" leftSection={<IconSchool size={17} />} renderRoot={(props) => <Link to="/laboratory/train" {...props} />}>{t("lab.train")}</Button>
        <Button variant="default" leftSection={<IconScale size={17} />} renderRoot={(props) => <Link to="/laboratory/compare" {...props} />}>{t("lab.compare")}</Button>
        <Button variant="default" leftSection={<IconSparkles size={17} />} renderRoot={(props) => <Link to="/laboratory/try" {...props} />}>{t("lab.try")}</Button>
      </>
    )}>
      {running.length > 0 && (
        <Card title={t("lab.underWay")} {...(waiting > 0 ? { note: t("lab.more", { count: waiting }) } : {})}>
          <Stack gap="md">{running.map((job) => <UnderWay key={job.id} job={job} />)}</Stack>
        </Card>
      )}
      <Resource query={sets} label={t("lab.setsLoading")}>
        {(list) => list.length === 0
          ? <Empty icon={IconDatabase} title={t("lab.noSets")} action={<Group gap="xs" justify="center">{actions}</Group>}>{t("lab.noSetsText")}</Empty>
          : <Card title={t("lab.sets")} note={t("lab.setsNote")} aside={<Group gap="xs">{actions}</Group>}><SetTable sets={list} /></Card>}
      </Resource>
      <Resource query={jobs} label={t("lab.jobsLoading")}>
        {(list) => (
          <Card title={t("lab.jobs")} note={t("lab.jobsNote")}>
            {list.length === 0 ? <Empty plain icon={IconListCheck} title={t("lab.noJobs")}>{t("lab.noJobsText")}</Empty> : <JobTable jobs={list} />}
          </Card>
        )}
      </Resource>
      <AddFolder opened={adding} onClose={() => setAdding(false)} />
    </Page>
  );
}

function UnderWay({ job }: { job: JobSummary }) {
  const { t } = useTranslation();
  return (
    <div role="group" aria-label={job.title}>
      <Group justify="space-between" mb={6} gap="xs">
        <Group gap="xs" style={{ minWidth: 0 }}><IconFlask2 size={17} aria-hidden="true" /><Text fw={620} size="sm" style={{ overflowWrap: "anywhere" }}>{job.title}</Text><Text size="sm" c="dimmed">{t(`lab.job.kind.${job.kind}`)}</Text></Group>
        <Group gap="xs"><JobChip job={job} /><Button size="xs" variant="default" aria-label={t("lab.openOf", { name: job.title })} renderRoot={(props) => <Link to="/laboratory/jobs/$jobId" params={{ jobId: job.id }} {...props} />}>{t("lab.open")}</Button></Group>
      </Group>
      <JobProgress job={job} />
    </div>
  );
}
