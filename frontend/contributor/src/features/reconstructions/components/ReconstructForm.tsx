/** Which study, by which model. */
import { Group, Select } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Reconstruction, Study } from "@app/api/schemas";
import { useReconstruct } from "@app/features/reconstructions/api/useReconstructions";

export interface ModelChoice {
  id: string;
  name: string;
}

interface ReconstructFormProps {
  studies: readonly Study[];
  received: readonly ModelChoice[];
  shipped: readonly ModelChoice[];
  /** The study to begin with. */
  first: string | undefined;
  onStarted: (made: Reconstruction) => void;
}

export function ReconstructForm({ studies, received, shipped, first, onStarted }: ReconstructFormProps) {
  const { t } = useTranslation();
  const [study, setStudy] = useState<string | null>(null);
  const [model, setModel] = useState<string | null>(null);
  const reconstruct = useReconstruct();
  const studyId = study ?? studies.find(({ id }) => id === first)?.id ?? studies[0]?.id ?? null;
  const modelId = model ?? received[0]?.id ?? shipped[0]?.id ?? null;
  const items = (choices: readonly ModelChoice[]) => choices.map(({ id, name }) => ({ value: id, label: name }));
  const groups = [{ group: t("models.receivedGroup"), items: items(received) }, { group: t("models.shippedGroup"), items: items(shipped) }];
  return (
    <Card title={t("recon.title")} note={t("recon.note")}>
      <Group align="flex-end" gap="sm">
        <Select style={{ flex: "1 1 160px" }} label={t("recon.study")} searchable allowDeselect={false} value={studyId} onChange={setStudy} data={studies.map(({ id, name }) => ({ value: id, label: name }))} nothingFoundMessage={t("recon.noStudy")} />
        <Select style={{ flex: "2 1 240px" }} label={t("recon.model")} allowDeselect={false} value={modelId} onChange={setModel} data={groups.filter((group) => group.items.length > 0)} />
        <ActButton leftSection={<IconSparkles size={17} />} disabled={studyId === null || modelId === null} loading={reconstruct.isPending}
          onClick={() => { if (studyId !== null && modelId !== null) reconstruct.mutate({ study_id: studyId, model_id: modelId }, { onSuccess: onStarted }); }}>{t("recon.start")}</ActButton>
      </Group>
      {reconstruct.isError && <div style={{ marginTop: 12 }}><Problem error={reconstruct.error} /></div>}
    </Card>
  );
}
