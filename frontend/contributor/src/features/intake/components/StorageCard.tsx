/** Where studies, images and imports lie and how full it is there; changing and emptying it. */
import { Button, Group, Modal, Progress, Stack, Text, TextInput } from "@mantine/core";
import { IconSettings, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "@shared/accounts/api";
import { NumberField } from "@shared/forms/NumberField";
import { formatBytes } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Card, Facts } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

import type { Storage } from "@app/api/schemas.intake";
import { useChangeStorage, useStorage } from "@app/features/intake/api/useStorage";
import { RemoveData } from "@app/features/intake/components/RemoveData";

const GB = 1e9;
const [CLOSE, CANCEL] = ["dialog.close", "dialog.cancel"];

export function StorageCard() {
  const { t } = useTranslation();
  const storage = useStorage();
  return (
    <Card title={t("place.title")} note={t("place.note")}>
      <Resource query={storage} label={t("place.loading")}>{(view) => <Place view={view} />}</Resource>
    </Card>
  );
}

function Place({ view }: { view: Storage }) {
  const { t } = useTranslation();
  const words = useTranslation("shared");
  const [open, setOpen] = useState<"change" | "remove" | null>(null);
  const manages = useMe().data?.role === "administrator";
  const most = view.quota_bytes ?? view.used_bytes + view.free_bytes;
  return (
    <Stack gap="sm">
      <Facts items={[
        [t("place.folder"), <span key="folder" className="mono" style={{ overflowWrap: "anywhere" }}>{view.folder}</span>],
        [t("place.used"), view.quota_bytes === null ? formatBytes(view.used_bytes) : t("place.usedOf", { used: formatBytes(view.used_bytes), quota: formatBytes(view.quota_bytes) })],
        [t("place.free"), formatBytes(view.free_bytes)],
        [t("models.kept"), formatBytes(view.models_bytes)],
        [t("place.limit"), view.quota_bytes === null ? t("place.noLimit") : formatBytes(view.quota_bytes)],
      ]} />
      <Progress value={Math.min(100, (100 * view.used_bytes) / Math.max(1, most))} color={view.level === "ok" ? undefined : view.level === "low" ? "yellow" : "red"} aria-label={t("place.meter")} />
      {view.level !== "ok" && <Notice tone={view.level === "full" ? "danger" : "warning"} title={t(`place.${view.level}`)}>{t("place.lowNote", { reserve: formatBytes(view.reserve_bytes) })}</Notice>}
      {manages && (
        <Group gap="xs">
          <Button size="xs" variant="default" leftSection={<IconSettings size={14} />} onClick={() => setOpen("change")}>{t("place.change")}</Button>
          <Button size="xs" variant="subtle" color="red" leftSection={<IconTrash size={14} />} onClick={() => setOpen("remove")}>{t("place.remove")}</Button>
        </Group>
      )}
      <Modal opened={open === "change"} onClose={() => setOpen(null)} title={<Text fw={650} size="lg">{t("place.changeTitle")}</Text>} closeButtonProps={{ "aria-label": words.t(CLOSE) }}>
        <ChangePlace view={view} onClose={() => setOpen(null)} />
      </Modal>
      <RemoveData opened={open === "remove"} studies={view.studies} onClose={() => setOpen(null)} />
    </Stack>
  );
}

function ChangePlace({ view, onClose }: { view: Storage; onClose: () => void }) {
  const { t } = useTranslation();
  const words = useTranslation("shared");
  const change = useChangeStorage();
  const [folder, setFolder] = useState(view.folder);
  const [limit, setLimit] = useState<number | string>(view.quota_bytes === null ? "" : view.quota_bytes / GB);
  const fixed = view.chosen === "settings" || view.studies > 0;
  const note = view.chosen === "settings" ? "place.folderGiven" : fixed ? "place.folderFixed" : "place.folderNote";
  const save = () => change.mutate({ folder: fixed ? null : folder.trim(), quota_bytes: limit === "" ? null : Math.round(Number(limit) * GB) }, { onSuccess: onClose });
  return (
    <form onSubmit={(event) => { event.preventDefault(); save(); }}>
      <Stack gap="md">
        <TextInput label={t("place.folder")} description={t(note)} value={folder} disabled={fixed} onChange={(event) => setFolder(event.currentTarget.value)} />
        <NumberField label={t("place.limit")} description={t("place.limitNote")} value={limit} min={0.001} onChange={setLimit} />
        {change.isError && <Problem error={change.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>{words.t(CANCEL)}</Button>
          <Button type="submit" loading={change.isPending}>{t("place.save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
