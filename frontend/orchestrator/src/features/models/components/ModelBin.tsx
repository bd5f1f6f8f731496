/** Deleted models: bring back, or remove for good. */
import { Group, Stack, Text } from "@mantine/core";
import { IconRestore, IconTrashX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { Model } from "@app/api/schemas";
import { useModelBin, useRemoveModel, useRestoreModel } from "@app/features/models/api/useModels";

export function ModelBin() {
  const { t } = useTranslation();
  const bin = useModelBin();
  const [removing, setRemoving] = useState<Model | null>(null);
  const restore = useRestoreModel();
  const remove = useRemoveModel();
  const close = () => { setRemoving(null); remove.reset(); };
  if (bin.isError) return <Problem error={bin.error} onRetry={() => void bin.refetch()} />;
  if (bin.data === undefined || bin.data.length === 0) return null;
  return (
    <Card title={t("bin.title")} note={t("bin.note")}>
      <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: "none" }}>
        {bin.data.map((model) => (
          <Group component="li" key={model.id} justify="space-between" gap="sm" aria-label={model.name}>
            <div style={{ minWidth: 0 }}>
              <Text fw={600} size="sm">{model.name}</Text>
              <Text size="xs" c="dimmed">{t("bin.deleted")} {model.deleted_at !== null && <Ago at={model.deleted_at} />}</Text>
            </div>
            <Group gap="xs">
              <ActButton size="xs" variant="default" aria-label={t("bin.restoreOf", { name: model.name })} leftSection={<IconRestore size={15} />} loading={restore.isPending && restore.variables === model.id} onClick={() => restore.mutate(model.id)}>{t("bin.restore")}</ActButton>
              <ActButton size="xs" variant="light" color="red" aria-label={t("bin.removeOf", { name: model.name })} leftSection={<IconTrashX size={15} />} onClick={() => setRemoving(model)}>{t("bin.remove")}</ActButton>
            </Group>
          </Group>
        ))}
      </Stack>
      {restore.isError && <Problem error={restore.error} />}
      <ConfirmDialog opened={removing !== null} title={t("bin.removeTitle", { name: removing?.name ?? "" })} lead={t("bin.removeLead")} consequences={[t("bin.removeOne"), t("bin.removeTwo")]}
        confirm={t("bin.removeConfirm")} busy={remove.isPending} error={remove.error} onClose={close}
        onConfirm={() => { if (removing !== null) remove.mutate(removing.id, { onSuccess: close }); }} />
    </Card>
  );
}
