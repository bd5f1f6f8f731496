/** One data set: what it holds, in figures and pictures. */
import { Button } from "@mantine/core";
import { IconExternalLink, IconMapOff, IconScale, IconSchool, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { isGone } from "@shared/api/problem";
import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card, Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { DataSet } from "@app/api/laboratorySchemas";
import { useJob, useRemoveSet, useSet } from "@app/features/laboratory/api/useLaboratory";
import { hasReference } from "@app/features/laboratory/components/hasReference";
import { BackToLaboratory } from "@app/features/laboratory/components/BackToLaboratory";
import { ContactSheet } from "@app/features/laboratory/components/ContactSheet";
import { SetDetails } from "@app/features/laboratory/components/SetDetails";
import { JobProgress, SetChip } from "@app/features/laboratory/components/states";

export function DataSetPage() {
  const { t } = useTranslation();
  const { setId } = useParams({ from: "/laboratory/sets/$setId" });
  const set = useSet(setId);
  if (isGone(set)) return <Page title={t("lab.set.notFound")} back={<BackToLaboratory />}><Empty icon={IconMapOff} title={t("notFound.what")}>{t("notFound.advice")}</Empty></Page>;
  return <Resource query={set} label={t("lab.set.loading")}>{(known) => known !== null && <SetView set={known} />}</Resource>;
}

/** The way to the job that makes or checks a data set, and how far that is while it is under way. */
function ToJob({ id }: { id: string }) {
  const { t } = useTranslation();
  return <Button size="xs" variant="default" renderRoot={(props) => <Link to="/laboratory/jobs/$jobId" params={{ jobId: id }} {...props} />}>{t("lab.set.toJob")}</Button>;
}

function Making({ id }: { id: string }) {
  const { data: job } = useJob(id);
  return job === undefined || job === null ? null : <Card aside={<ToJob id={id} />}><JobProgress job={job} /></Card>;
}

function SetView({ set }: { set: DataSet }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const remove = useRemoveSet();
  const ready = set.state === "ready";
  return (
    <Page title={set.name} intro={t(`lab.set.origin.${set.origin}`)} chip={<SetChip state={set.state} />} back={<BackToLaboratory />} actions={(
      <>
        {ready && <Button leftSection={<IconSchool size={17} />} renderRoot={(props) => <Link to="/laboratory/train" search={{ set: set.id }} {...props} />}>{t("lab.set.trainOn")}</Button>}
        {ready && hasReference(set) && <Button variant="default" leftSection={<IconScale size={17} />} renderRoot={(props) => <Link to="/laboratory/compare" search={{ set: set.id }} {...props} />}>{t("lab.set.compareOn")}</Button>}
        <ActButton color="red" variant="light" leftSection={<IconTrash size={17} />} onClick={() => setRemoving(true)}>{t("lab.set.remove")}</ActButton>
      </>
    )}>
      {set.state === "incomplete" && <Notice tone="warning" title={t("lab.set.incompleteTitle")} action={set.job_id === null ? undefined : <ToJob id={set.job_id} />}>{t("lab.job.cancelled")}</Notice>}
      {set.state === "missing" && <Notice tone="warning" title={t("lab.set.missingTitle")}>{t("lab.set.missing")}</Notice>}
      {set.state === "making" && set.job_id !== null && <Making id={set.job_id} />}
      {set.facts !== null && <Card title={t("lab.details")}><SetDetails set={set} facts={set.facts} /></Card>}
      <Card title={t("lab.set.sheet")} note={t("lab.set.sheetNote")}
        aside={set.facts !== null && <Button variant="default" component="a" target="_blank" rel="noreferrer" href={`/api/v1/laboratory/sets/${set.id}/page`} rightSection={<IconExternalLink size={15} />}>{t("lab.set.page")}</Button>}>
        <ContactSheet set={set} />
      </Card>
      <ConfirmDialog opened={removing} title={t("lab.set.removeTitle", { name: set.name })} lead={t(set.origin === "made" ? "lab.set.removeMade" : "lab.set.removeFolder")} consequences={[t("lab.set.removeOne")]}
        confirm={t("lab.set.removeConfirm")} busy={remove.isPending} error={remove.error} onClose={() => setRemoving(false)} onConfirm={() => void remove.mutateAsync(set.id).then(() => navigate({ to: "/laboratory" }), () => undefined)} />
    </Page>
  );
}
