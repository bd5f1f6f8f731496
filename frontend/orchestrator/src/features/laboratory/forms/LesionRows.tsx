/** Lesions of organs other than the heart: one row an organ. */
import { Button, CloseButton, Fieldset, Group, Select, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { SchemaForm } from "@shared/forms/SchemaForm";

import type { Lesion } from "@app/api/laboratorySchemas";

const MOST = 8;
const NEW: Lesion = { organ: "liver", share: 0.5, number: 1, diameter_low: 14, diameter_high: 30, contrast_low: 2, contrast_high: 5 };

interface LesionRowsProps {
  schema: unknown;
  organs: readonly string[];
  lesions: readonly Lesion[];
  onChange: (lesions: readonly Lesion[]) => void;
}

export function LesionRows({ schema, organs, lesions, onChange }: LesionRowsProps) {
  const { t } = useTranslation();
  const word = (organ: string) => t(`lab.organ.${organ}`, { defaultValue: organ });
  const put = (place: number, values: object) => onChange(lesions.map((lesion, index) => (index === place ? { ...lesion, ...values } : lesion)));
  return (
    <Stack gap="md">
      {lesions.length === 0 && <Text size="sm" c="dimmed">{t("lab.makeForm.noLesions")}</Text>}
      {lesions.map((lesion, place) => (
        <Fieldset key={place} legend={word(lesion.organ)} radius="md">
          <Group align="flex-start" justify="space-between" mb="sm" wrap="nowrap">
            <Select style={{ flex: "0 1 240px" }} label={t("lab.makeForm.organ")} allowDeselect={false} value={lesion.organ} data={organs.map((organ) => ({ value: organ, label: word(organ) }))} onChange={(organ) => { if (organ !== null) put(place, { organ }); }} />
            <CloseButton aria-label={t("lab.makeForm.removeLesion", { organ: word(lesion.organ) })} onClick={() => onChange(lesions.filter((_, index) => index !== place))} />
          </Group>
          <SchemaForm schema={schema} omit={["organ"]} values={{ ...lesion }} onChange={(values) => put(place, values)} />
        </Fieldset>
      ))}
      <Group>
        <Button variant="default" leftSection={<IconPlus size={17} />} disabled={lesions.length >= MOST} onClick={() => onChange([...lesions, NEW])}>{t("lab.makeForm.addLesion")}</Button>
      </Group>
    </Stack>
  );
}
