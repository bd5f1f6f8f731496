/** Which received model is to be compared on the own hold-out. */
import { Group, Select, Text } from "@mantine/core";
import { IconScale } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { ReceivedModel } from "@app/api/schemas";
import { useCompareOwn } from "@app/features/results/api/useOwnResults";

export function CompareOwn({ models, onStarted }: { models: readonly ReceivedModel[]; onStarted: (id: string) => void }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const compare = useCompareOwn();
  const newest = [...models].sort((a, b) => b.received_at.localeCompare(a.received_at));
  const model = chosen ?? newest.find(({ final }) => final)?.id ?? newest[0]?.id ?? null;
  return (
    <Card title={t("own.title")} note={t("own.note")}>
      <Group align="flex-end" gap="sm">
        <Select style={{ flex: "2 1 240px" }} label={t("own.model")} allowDeselect={false} value={model} onChange={setChosen} data={newest.map(({ id, name }) => ({ value: id, label: name }))} />
        <ActButton leftSection={<IconScale size={17} />} disabled={model === null} loading={compare.isPending}
          onClick={() => { if (model !== null) compare.mutate(model, { onSuccess: ({ id }) => onStarted(id) }); }}>{t("own.start")}</ActButton>
      </Group>
      <Text size="xs" c="dimmed" mt="sm">{t("own.explain")}</Text>
      {compare.isError && <div style={{ marginTop: 12 }}><Problem error={compare.error} /></div>}
    </Card>
  );
}
