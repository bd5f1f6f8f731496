/** From which model a session begins: random weights, one of the registry, or a file that is checked here. */
import { Button, FileInput, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch, IconStack2, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatBytes } from "@shared/format/format";
import { useNetworkName } from "@shared/i18n/useNetworkName";
import { Chip } from "@shared/ui/Chip";
import { Problem } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { Model } from "@app/api/schemas";
import { Option } from "@app/features/sessions/wizard/Option";
import type { StepProps } from "@app/features/sessions/wizard/steps";

const FRESH = "";
const FEW = 6;

export function ModelStep(props: StepProps) {
  const { draft, catalogue, onChange } = props;
  const { t } = useTranslation();
  const networkName = useNetworkName();
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState(FEW);
  const ofTask = catalogue.models.filter((model) => model.task === draft.task);
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const text = (model: Model) => [model.name, model.network, t(`model.origin.${model.origin}`), model.sha256].join(" ").toLowerCase();
  const fitting = ofTask.filter((model) => words.every((word) => text(model).includes(word)));
  const sorted = [...fitting].sort((a, b) => Number(b.id === draft.modelId) - Number(a.id === draft.modelId) || Number(b.recommended) - Number(a.recommended));
  return (
    <Stack gap="lg">
      {ofTask.length > FEW && (
        <TextInput label={t("plan.search")} description={`${t("plan.searchNote")} ${t("plan.found", { count: fitting.length })}.`} leftSection={<IconSearch size={16} />} value={search} onChange={(event) => { setSearch(event.currentTarget.value); setShown(FEW); }} />
      )}
      <Radio.Group label={t("wizard.modelLabel")} value={draft.modelId ?? FRESH} onChange={(id) => onChange({ ...draft, modelId: id === FRESH ? null : id })}>
        <Stack gap="sm" mt="xs">
          <Option value={FRESH} title={t("wizard.fresh")} text={t("wizard.freshText")} />
          {sorted.slice(0, shown).map((model) => (
            <Option key={model.id} value={model.id} title={model.name} aside={model.recommended ? <Chip tone="success">{t("plan.recommended")}</Chip> : undefined}
              text={<>{t(`model.origin.${model.origin}`)} · {networkName(model.network)} · {formatBytes(model.size_bytes)} · <Ago at={model.created_at} /></>} />
          ))}
        </Stack>
      </Radio.Group>
      {search !== "" && fitting.length === 0 && <Text size="sm" c="dimmed">{t("plan.nothing")}</Text>}
      {sorted.length > shown && <div><Button variant="default" size="xs" onClick={() => setShown(shown + 4 * FEW)}>{t("plan.more", { count: Math.min(4 * FEW, sorted.length - shown) })}</Button></div>}
      {draft.task === props.shippedTask && <ShippedModel {...props} />}
      <UploadModel {...props} />
    </Stack>
  );
}

function ShippedModel({ shipped: adding }: StepProps) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("models.shipped")}>
      <Text fw={620} size="sm">{t("models.shipped")}</Text>
      <Text size="sm" c="dimmed" mb="xs">{t("models.shippedNote")}</Text>
      <ActButton variant="default" leftSection={<IconStack2 size={16} />} loading={adding.isPending} onClick={() => adding.mutate(t("plan.shippedName"))}>{t("plan.shippedButton")}</ActButton>
      {adding.isError && <div style={{ marginTop: 12 }}><Problem error={adding.error} /></div>}
    </section>
  );
}

function UploadModel({ draft, upload: adding }: StepProps) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const called = name.trim() || (file?.name.replace(/\.safetensors$/, "").slice(0, 80) ?? "");
  const add = () => {
    if (file === null) return;
    adding.mutate({ file, name: called, task: draft.task, terms: "" }, { onSuccess: () => { setFile(null); setName(""); } });
  };
  return (
    <section aria-label={t("plan.upload")}>
      <Text fw={620} size="sm">{t("plan.upload")}</Text>
      <Text size="sm" c="dimmed" mb="xs">{t("plan.uploadNote")}</Text>
      <Group align="flex-end" gap="sm">
        <FileInput style={{ flex: "1 1 220px" }} label={t("plan.uploadFile")} accept=".safetensors" placeholder={t("models.filePlaceholder")} value={file} onChange={(chosen) => { setFile(chosen); adding.reset(); }} />
        <TextInput style={{ flex: "1 1 180px" }} label={t("plan.uploadName")} maxLength={80} placeholder={called} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <ActButton variant="default" leftSection={<IconUpload size={16} />} disabled={file === null} loading={adding.isPending} onClick={add}>{t("plan.uploadButton")}</ActButton>
      </Group>
      {adding.isError && <div style={{ marginTop: 12 }}><Problem error={adding.error} /></div>}
    </section>
  );
}
