/** A form drawn from a JSON schema. */
import { Select, SimpleGrid, Switch, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { NumberField } from "@shared/forms/NumberField";
import { faultOf, fieldsOf, rangeWords, type Field, type Values } from "@shared/forms/jsonSchema";
import { translatedName } from "@shared/i18n/server";

interface SchemaFormProps {
  schema: unknown;
  values: Values;
  onChange: (values: Values) => void;
  /** Fields to leave out, or the only ones to draw. */
  omit?: readonly string[];
  only?: readonly string[];
  /** What a choice is called; the schema's own word unless given. */
  choiceLabel?: (key: string, choice: string) => string;
  /** Further fields of the same form. */
  children?: ReactNode;
}

export function SchemaForm({ schema, values, onChange, omit = [], only, choiceLabel = (_, choice) => choice, children }: SchemaFormProps) {
  const fields = fieldsOf(schema).filter(({ key }) => !omit.includes(key) && (only === undefined || only.includes(key)));
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="md">
      {fields.map((field) => (
        <SchemaField key={field.key} field={field} choiceLabel={choiceLabel} value={values[field.key]} onChange={(value) => onChange({ ...values, [field.key]: value })} />
      ))}
      {children}
    </SimpleGrid>
  );
}

interface SchemaFieldProps {
  field: Field;
  value: unknown;
  choiceLabel: (key: string, choice: string) => string;
  onChange: (value: unknown) => void;
}

function SchemaField({ field, value, choiceLabel, onChange }: SchemaFieldProps) {
  const { t } = useTranslation("shared");
  const fault = faultOf(field, value);
  const range = rangeWords(field, t);
  const title = translatedName("parameter", field.key, field.title);
  const note = translatedName("parameterNote", field.key, field.description);
  const description = [note, range === "" ? "" : t("form.range", { range })].filter((part) => part !== "").join(" ");
  const error = fault === null ? undefined : t(`form.${fault}`, { range });
  const common = { label: title, description, error };
  if (field.kind === "boolean") {
    return (
      <Switch label={title} description={note} checked={value === true} mt={6}
        onChange={(event) => onChange(event.currentTarget.checked)} />
    );
  }
  if (field.kind === "choice") {
    return <Select {...common} data={field.choices.map((choice) => ({ value: choice, label: choiceLabel(field.key, choice) }))} value={typeof value === "string" ? value : null} allowDeselect={false} onChange={onChange} />;
  }
  if (field.kind === "text") {
    return <TextInput {...common} value={typeof value === "string" ? value : ""} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
  return (
    <NumberField {...common} allowDecimal={field.kind === "number"} decimalScale={8}
      value={typeof value === "number" || typeof value === "string" ? value : ""} onChange={onChange} />
  );
}
