/** Whole numbers under a title, saved together; says that they are saved. */
import { Group, SimpleGrid, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { NumberField } from "@shared/forms/NumberField";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

export interface Field<Name extends string> {
  name: Name;
  least: number;
  most: number;
}

interface SettingsFormProps<Name extends string> {
  title: string;
  note: string;
  /** Where the words of the fields are: `words.field` and `words.fieldNote`. */
  words: string;
  fields: readonly Field<Name>[];
  values: Record<Name, number>;
  save: { isPending: boolean; isSuccess: boolean; isError: boolean; error: unknown; mutate: (values: Record<Name, number>) => void };
  children?: ReactNode;
}

export function SettingsForm<Name extends string>({ title, note, words, fields, values, save, children }: SettingsFormProps<Name>) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<Partial<Record<Name, number>>>({});
  const whole: Record<Name, number> = { ...values, ...draft };
  const changed = fields.some(({ name }) => whole[name] !== values[name]);
  const fits = fields.every(({ name, least, most }) => Number.isInteger(whole[name]) && whole[name] >= least && whole[name] <= most);
  return (
    <Card title={title} note={note}>
      <form onSubmit={(event) => { event.preventDefault(); if (fits) save.mutate(whole); }}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          {fields.map(({ name, least, most }) => (
            <NumberField key={name} label={t(`${words}.${name}`)} description={t(`${words}.${name}Note`)} min={least} max={most} allowDecimal={false} value={whole[name]}
              onChange={(value) => setDraft({ ...draft, [name]: typeof value === "number" ? value : Number(value) })} />
          ))}
        </SimpleGrid>
        {children}
        {save.isError && <Problem error={save.error} />}
        <Group mt="md" gap="sm">
          <ActButton type="submit" disabled={!changed || !fits} loading={save.isPending}>{t("settings.save")}</ActButton>
          {save.isSuccess && !changed && <Text size="sm" c="dimmed" role="status">{t("settings.saved")}</Text>}
        </Group>
      </form>
    </Card>
  );
}
