/** Cancel, go on, remove from the list. */
import { Group } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Problem } from "@shared/ui/states";

import type { Job } from "@app/api/laboratorySchemas";
import { useCancelJob, useRemoveJob, useResumeJob } from "@app/features/laboratory/api/useLaboratory";

export function JobActions({ job, onRemoved }: { job: Job; onRemoved: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"cancel" | "remove" | null>(null);
  const cancel = useCancelJob(job.id);
  const resume = useResumeJob(job.id);
  const remove = useRemoveJob();
  const close = () => setAsking(null);
  const over = job.state !== "queued" && job.state !== "running";
  return (
    <>
      <Group gap="xs">
        {job.can_resume && <ActButton leftSection={<IconPlayerPlay size={17} />} loading={resume.isPending} onClick={() => resume.mutate()}>{t("lab.job.resume")}</ActButton>}
        {!over && <ActButton color="red" variant="light" leftSection={<IconPlayerStop size={17} />} disabled={!job.can_cancel} onClick={() => setAsking("cancel")}>{t("lab.job.cancel")}</ActButton>}
        {over && <ActButton variant="default" leftSection={<IconTrash size={17} />} onClick={() => setAsking("remove")}>{t("lab.job.remove")}</ActButton>}
      </Group>
      {resume.isError && <Problem error={resume.error} />}
      <ConfirmDialog opened={asking === "cancel"} title={t("lab.job.cancelTitle", { name: job.title })} lead={t("lab.job.cancelLead")} consequences={[t("lab.job.cancelKept")]}
        confirm={t("lab.job.cancelConfirm")} busy={cancel.isPending} error={cancel.error} onClose={close} onConfirm={() => cancel.mutate(undefined, { onSuccess: close })} />
      <ConfirmDialog opened={asking === "remove"} title={t("lab.job.removeTitle", { name: job.title })} lead={t("lab.job.removeLead")} consequences={[t("lab.job.removeOne"), t("lab.job.removeTwo")]}
        confirm={t("lab.job.removeConfirm")} busy={remove.isPending} error={remove.error} onClose={close} onConfirm={() => void remove.mutateAsync(job.id).then(onRemoved, () => undefined)} />
    </>
  );
}
