/** One data set: what it holds, in figures and pictures. */
import { Button } from "@mantine/core";
import { IconExternalLink, IconMapOff, IconScale, IconSchool, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card, Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { DataSet } from "@app/api/laboratorySchemas";
import { useJobs, useRemoveSet, useSets } from "@app/features/laboratory/api/useLaboratory";
import { hasReference } from "@app/features/laboratory/components/hasReference";
import { BackToLaboratory } from "@app/features/laboratory/components/BackToLaboratory";
import { ContactSheet } from "@app/features/laboratory/components/ContactSheet";
import { SetDetails } from "@app/features/laboratory/components/SetDetails";
import { JobProgress, SetChip } from "@app/features/laboratory/components/states";

export function DataSetPage() {
  const { t } = useTranslation();
  const { setId } = useParams({ from: "/laboratory/sets/$setId" });
  const sets = useSets();
  return (
    <Resource query={sets} label={t("lab.set.loading")}>
      {(list) => {
        const set = list.find(({ id }) => id === setId);
        if (set === undefined) return <Page title={t("lab.set.notFound")} back={<BackToLaboratory />}><Empty icon={IconMapOff} title={t("notFound.what")}>{t("notFound.advice")}</Empty></Page>;
        return <SetView set={set} />;
      }}
    </Resource>
  );
}

function SetView({ set }: { set: DataSet }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const remove = useRemoveSet();
  const job = useJobs().data?.find(({ id }) => id === set.job_id);
  const toJob = job === undefined ? undefined : <Button size="xs" variant="default" renderRoot={(props) => <Link to="/laboratory/jobs/$jobId" params={{ jobId: job.id }} {...props} />}>{t("lab.set.toJob")}</Button>;
  const ready = set.state === "ready";
  return (
    <Page title={set.name} intro={t(`lab.set.origin.${set.origin}`)} chip={<SetChip state={set.state} />} back={<BackToLaboratory />} actions={(
      <>
        {ready && <Button leftSection={<IconSchool size={17} />} renderRoot={(props) => <Link to="/laboratory/train" search={{ set: set.id }} {...props} />}>{t("lab.set.trainOn")}</Button>}
        {ready && hasReference(set) && <Button variant="default" leftSection={<IconScale size={17} />} renderRoot={(props) => <Link to="/laboratory/compare" search={{ set: set.id }} {...props} />}>{t("lab.set.compareOn")}</Button>}
        <ActButton color="red" variant="light" leftSection={<IconTrash size={17} />} onClick={() => setRemoving(true)}>{t("lab.set.remove")}</ActButton>
      </>
    )}>
      {set.state === "incomplete" && <Notice tone="warning" title={t("lab.set.incompleteTitle")} action={toJob}>{t("lab.job.cancelled")}</Notice>}
      {set.state === "missing" && <Notice tone="warning" title={t("lab.set.missingTitle")}>{t("lab.set.missing")}</Notice>}
      {set.state === "making" && job !== undefined && <Card aside={toJob}><JobProgress job={job} /></Card>}
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
