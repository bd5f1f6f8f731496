/** Models that came from sessions, the newest first; fetched on demand, removed on demand. */
import { Button, Group, Text } from "@mantine/core";
import { IconCloudDownload, IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatBytes, formatNumber } from "@shared/format/format";
import { Chip } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { ReceivedModel } from "@app/api/schemas";
import { useFetchModel } from "@app/features/models/api/useModels";
import { RemoveWeights } from "@app/features/models/components/RemoveWeights";

export function ModelList({ models }: { models: readonly ReceivedModel[] }) {
  const { t } = useTranslation();
  const rows = [...models].sort((a, b) => b.received_at.localeCompare(a.received_at));
  return (
    <Card title={t("models.title")} note={t("models.note")}>
      <ul className="row-list" aria-label={t("models.title")} style={{ maxHeight: 520, overflowY: "auto" }}>
        {rows.map((model) => <ModelRow key={model.id} model={model} />)}
      </ul>
    </Card>
  );
}

/** The one number that is shown of a task's many. */
const MAIN_SCORES = ["score_nrmse_body", "score_dice"];

function ModelRow({ model }: { model: ReceivedModel }) {
  const { t } = useTranslation();
  const fetchModel = useFetchModel();
  const score = MAIN_SCORES.flatMap((key) => Object.entries(model.metrics).filter(([known]) => known === key))[0] ?? Object.entries(model.metrics).find(([key]) => key.startsWith("score_"));
  return (
    <li aria-label={model.name}>
      <Text fw={620} size="sm" mb={2}>{model.name}</Text>
      <Group justify="space-between" gap="xs" align="center">
        <div style={{ flex: "1 1 170px", minWidth: 0 }}>
          {model.final && <Chip tone="success">{t("models.final")}</Chip>}
          <Text size="xs" c="dimmed" mt={model.final ? 4 : 0}>{t("models.round", { round: model.round })} · <Ago at={model.received_at} /></Text>
          {score !== undefined && <Text size="xs" c="dimmed" className="num">{t(`metric.${score[0].replace(/^score_/, "")}`, { defaultValue: score[0] })}: {formatNumber(score[1])}</Text>}
        </div>
        {model.fetched ? (
          <Group gap={4} wrap="nowrap" style={{ flex: "none" }}>
            <Button size="xs" variant="default" component="a" href={`/api/v1/models/${model.id}/package`} download leftSection={<IconDownload size={14} />} aria-label={t("models.saveOf", { name: model.name })}>{t("models.save")}</Button>
            <RemoveWeights model={model} />
          </Group>
        ) : (
          <ActButton style={{ flex: "none" }} size="xs" variant="light" loading={fetchModel.isPending} leftSection={<IconCloudDownload size={14} />} aria-label={t("models.fetchOf", { name: model.name })} onClick={() => fetchModel.mutate(model.id)}>{t("models.fetch", { size: formatBytes(model.size_bytes) })}</ActButton>
        )}
      </Group>
      {fetchModel.isError && <Problem error={fetchModel.error} />}
    </li>
  );
}
