/** A comparison that is not done: how far it is, how to end it, how to go on. */
import { Group, Progress, Text } from "@mantine/core";
import { IconPlayerPlay, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { translatedProblem } from "@shared/i18n/server";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { OwnResultSummary } from "@app/api/schemas.results";
import { useCancelOwn, useResumeOwn } from "@app/features/results/api/useOwnResults";
import { RemoveOwn } from "@app/features/results/components/RemoveOwn";

export function OwnProgress({ result }: { result: OwnResultSummary }) {
  const { t } = useTranslation();
  const cancel = useCancelOwn();
  const resume = useResumeOwn();
  const active = result.state === "queued" || result.state === "running";
  const stage = result.state === "queued" ? "queued" : result.stage || "preparing";
  const problem = result.problem === null ? null : { ...result.problem, ...translatedProblem(result.problem.code) };
  return (
    <Card title={t("own.forModel", { model: result.model_name })}>
      {active && (
        <div role="status">
          <Text size="sm" mb={8}>{result.ending ? t("own.ending") : t(`own.stage.${stage}`, { defaultValue: stage })}</Text>
          <Progress value={100 * Math.max(0.02, result.progress)} animated aria-label={t("own.title")} />
        </div>
      )}
      {(result.state === "cancelled" || result.state === "interrupted") && <Notice live tone="neutral">{t(`own.${result.state}Note`)}</Notice>}
      {result.state === "failed" && <Notice live tone="danger" title={problem?.title ?? t("own.failed")}>{problem?.detail} {problem?.advice}</Notice>}
      <Group mt="md">
        {active && <ActButton variant="default" leftSection={<IconX size={16} />} disabled={result.ending} loading={cancel.isPending} onClick={() => cancel.mutate(result.id)}>{t("own.cancel")}</ActButton>}
        {!active && <ActButton variant="light" leftSection={<IconPlayerPlay size={16} />} loading={resume.isPending} onClick={() => resume.mutate(result.id)}>{t("own.resume")}</ActButton>}
        {!active && <RemoveOwn result={result} />}
      </Group>
      {cancel.isError && <Problem error={cancel.error} />}
      {resume.isError && <Problem error={resume.error} />}
    </Card>
  );
}
