/** What holds from the next start of the program on; each app says which settings those are. */
import { Group, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { useSetStart, useStartSettings, type StartSettings, type StartValues } from "@shared/settings/api";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

export type StartField = { name: string; label: string; note?: string } & ({ kind: "text" } | { kind: "number"; least: number; most: number } | { kind: "switch"; inverted?: boolean });

interface NextStartProps {
  fields: readonly StartField[];
  /** What another value would mean, beside the fields. */
  warn?: (draft: StartValues, settings: StartSettings) => ReactNode;
  /** Why nothing can be changed here by whoever looks; absent where it can. */
  locked?: string;
}

export function NextStartCard(props: NextStartProps) {
  const { t } = useTranslation("shared");
  const settings = useStartSettings();
  return <Resource query={settings} label={t("saving.loading")}>{(data) => <NextStartForm data={data} {...props} />}</Resource>;
}

const fits = (field: StartField, value: StartValues[string] | undefined) =>
  field.kind === "switch" || (field.kind === "text" ? value !== "" : typeof value === "number" && Number.isInteger(value) && value >= field.least && value <= field.most);

function NextStartForm({ data, fields, warn, locked }: NextStartProps & { data: StartSettings }) {
  const { t } = useTranslation("shared");
  const [draft, setDraft] = useState(data.next);
  const save = useSetStart();
  const changed = fields.some(({ name }) => draft[name] !== data.next[name]);
  const waits = fields.some(({ name }) => data.next[name] !== data.present[name]);
  return (
    <Card title={t("nextStart.title")} note={t("nextStart.note")}>
      <form onSubmit={(event) => { event.preventDefault(); save.mutate(draft); }}>
        <Stack gap="md">
          {fields.map((field) => <StartInput key={field.name} field={field} fixed={data.fixed.includes(field.name)} locked={locked !== undefined} value={draft[field.name]} onChange={(value) => setDraft({ ...draft, [field.name]: value })} />)}
          {warn?.(draft, data)}
          {waits && !changed && <Notice live tone="info" title={t("nextStart.waits")}>{t("nextStart.restart")}</Notice>}
          {save.isError && <Problem error={save.error} />}
          {locked !== undefined && <Text size="sm" c="dimmed">{locked}</Text>}
          {locked === undefined && <Group><ActButton type="submit" disabled={!changed || !fields.every((field) => fits(field, draft[field.name]))} loading={save.isPending}>{t("saving.save")}</ActButton></Group>}
        </Stack>
      </form>
    </Card>
  );
}

interface StartInputProps { field: StartField; fixed: boolean; locked: boolean; value: StartValues[string] | undefined; onChange: (value: StartValues[string]) => void }

function StartInput({ field, fixed, locked, value, onChange }: StartInputProps) {
  const { t } = useTranslation("shared");
  const same = { label: field.label, description: fixed ? t("nextStart.fixed") : field.note, disabled: fixed || locked };
  if (field.kind === "switch") {
    const inverted = field.inverted ?? false;
    return <Switch {...same} checked={(value === true) !== inverted} onChange={(event) => onChange(event.currentTarget.checked !== inverted)} />;
  }
  if (field.kind === "text") return <TextInput {...same} value={String(value ?? "")} onChange={(event) => onChange(event.currentTarget.value.trim())} />;
  return <NumberField {...same} min={field.least} max={field.most} allowDecimal={false} value={typeof value === "number" ? value : ""} onChange={(next) => onChange(next === "" ? "" : Number(next))} />;
}
