/** What the audit log is looked through by. */
import { Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { translatedActor } from "@shared/i18n/server";
import { useAuditWords, type AuditFilter } from "@shared/audit/api";

interface AuditFiltersProps {
  filter: AuditFilter;
  names: ReadonlyMap<string, string>;
  onChange: (filter: AuditFilter) => void;
}

export function AuditFilters({ filter, names, onChange }: AuditFiltersProps) {
  const { t } = useTranslation("shared");
  const words = useAuditWords().data;
  const [text, setText] = useState(filter.text ?? "");
  const search = useDebouncedCallback((value: string) => onChange({ ...filter, text: value.trim() }), 300);
  const actorName = (actor: string) => names.get(actor.replace(/^[a-z]+:/, "")) ?? translatedActor(actor);
  const active = Object.values(filter).some((value) => value !== undefined && value !== "");
  return (
    <Group gap="sm" align="flex-end" role="search" aria-label={t("auditFilter.title")}>
      <TextInput style={{ flex: "1 1 190px" }} label={t("auditFilter.text")} leftSection={<IconSearch size={15} aria-hidden="true" />} maxLength={200} value={text} onChange={(event) => { setText(event.currentTarget.value); search(event.currentTarget.value); }} />
      <Select style={{ flex: "1 1 150px" }} clearable label={t("auditFilter.area")} placeholder={t("auditFilter.all")} clearButtonProps={{ "aria-label": t("auditFilter.clear") }} data={(words?.areas ?? []).map((value) => ({ value, label: t(`auditFilter.areaOf.${value}`, { defaultValue: value }) }))} value={filter.area ?? null} onChange={(area) => onChange({ ...filter, area: area ?? undefined })} />
      <Select style={{ flex: "1 1 170px" }} clearable searchable label={t("auditFilter.actor")} placeholder={t("auditFilter.all")} clearButtonProps={{ "aria-label": t("auditFilter.clear") }} data={(words?.actors ?? []).map((value) => ({ value, label: actorName(value) }))} value={filter.actor ?? null} onChange={(actor) => onChange({ ...filter, actor: actor ?? undefined })} />
      <TextInput type="date" style={{ flex: "0 1 150px" }} label={t("auditFilter.from")} max={filter.to} value={filter.from ?? ""} onChange={(event) => onChange({ ...filter, from: event.currentTarget.value || undefined })} />
      <TextInput type="date" style={{ flex: "0 1 150px" }} label={t("auditFilter.to")} min={filter.from} value={filter.to ?? ""} onChange={(event) => onChange({ ...filter, to: event.currentTarget.value || undefined })} />
      {active && <Button variant="subtle" leftSection={<IconX size={15} />} onClick={() => { setText(""); onChange({}); }}>{t("auditFilter.reset")}</Button>}
    </Group>
  );
}
