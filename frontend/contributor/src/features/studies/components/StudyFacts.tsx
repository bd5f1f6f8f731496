/** A study in words, and taking it out of use or back. What quality control found stands with its picture elsewhere on the page. */
import { Stack } from "@mantine/core";
import { IconArchive, IconRestore } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatBytes, formatCount, formatDateTime } from "@shared/format/format";
import { translatedNote } from "@shared/i18n/server";
import { Notice } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card, Facts } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Study } from "@app/api/schemas";
import { useRestoreStudy, useWithdrawStudy } from "@app/features/studies/api/useStudies";
import { kindOf, problemOf } from "@app/features/studies/words";

export function StudyFacts({ study }: { study: Study }) {
  const { t } = useTranslation();
  const problem = study.problem_code.startsWith("quality.") ? undefined : problemOf(study, t);
  return (
    <Stack gap="md">
      {problem !== undefined && <Notice tone="danger" title={problem.text}>{problem.advice}</Notice>}
      <Card title={t("study.facts")}>
        <Facts items={[
          [t("study.kind"), kindOf(study, t)],
          [t("study.geometry"), translatedNote(study.geometry)],
          [t("data.counts"), study.counts === null ? "–" : formatCount(Math.round(study.counts))],
          [t("study.patient"), study.patient === null ? "–" : <span key="p" className="mono">{study.patient.slice(0, 12)}</span>],
          [t("data.reference"), t(study.has_reference ? "data.yes" : "data.no")],
          [t("study.used"), t("study.usedIn", { count: study.used_in_sessions })],
          [t("data.size"), formatBytes(study.size_bytes)],
          [t("data.added"), formatDateTime(study.added_at)],
          [t("study.hash"), <span key="h" className="mono" title={study.sha256}>{study.sha256.slice(0, 24)}…</span>],
        ]} />
      </Card>
      <InUse study={study} />
    </Stack>
  );
}

function InUse({ study }: { study: Study }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const withdraw = useWithdrawStudy();
  const restore = useRestoreStudy();
  if (study.state === "unusable") return null;
  if (study.state === "withdrawn") {
    return (
      <Card title={t("study.outOfUse")} note={t("study.outOfUseNote")}>
        <ActButton variant="default" leftSection={<IconRestore size={17} />} loading={restore.isPending} onClick={() => restore.mutate(study.id)}>{t("study.restore")}</ActButton>
        {restore.isError && <Problem error={restore.error} />}
      </Card>
    );
  }
  return (
    <div>
      <ActButton variant="light" color="red" leftSection={<IconArchive size={17} />} onClick={() => setAsking(true)}>{t("study.withdraw")}</ActButton>
      <ConfirmDialog opened={asking} title={t("study.withdrawTitle", { name: study.name })} lead={t("study.withdrawLead")} consequences={[t("study.withdrawOne"), t("study.withdrawTwo"), t("study.withdrawThree")]}
        confirm={t("study.withdraw")} busy={withdraw.isPending} error={withdraw.error} onClose={() => setAsking(false)} onConfirm={() => withdraw.mutate(study.id, { onSuccess: () => setAsking(false) })} />
    </div>
  );
}
