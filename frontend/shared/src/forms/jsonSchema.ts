/** Reads the part of JSON schema that pydantic writes for parameters, as fields of a form. */
import { formatPlain } from "@shared/format/format";
import { z } from "@shared/zod";

const propertySchema = z.looseObject({
  type: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  const: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  used_with: z.array(z.string()).optional(),
});
const objectSchema = z.looseObject({ properties: z.record(z.string(), propertySchema).default({}) });

export interface Field {
  key: string;
  kind: "integer" | "number" | "boolean" | "choice" | "text";
  title: string;
  description: string;
  initial: unknown;
  choices: readonly string[];
  min?: number;
  max?: number;
  above?: number;
  below?: number;
}

/** What a number must keep to. */
export type Limits = Pick<Field, "kind" | "min" | "max" | "above" | "below">;

export type Values = Readonly<Record<string, unknown>>;

function kindOf(property: z.infer<typeof propertySchema>): Field["kind"] {
  if (property.enum !== undefined) return "choice";
  if (property.type === "integer" || property.type === "number" || property.type === "boolean") return property.type;
  return "text";
}

/** The fields in the order of the schema; a field with a single possible value is left out. */
export function fieldsOf(schema: unknown): Field[] {
  const parsed = objectSchema.safeParse(schema);
  if (!parsed.success) return [];
  return Object.entries(parsed.data.properties)
    .filter(([, property]) => property.const === undefined && (property.minimum === undefined || property.minimum !== property.maximum))
    .map(([key, property]) => ({
      key,
      kind: kindOf(property),
      title: property.title ?? key,
      description: property.description ?? "",
      initial: property.default,
      choices: property.enum ?? [],
      min: property.minimum,
      max: property.maximum,
      above: property.exclusiveMinimum,
      below: property.exclusiveMaximum,
    }));
}

export function defaultsOf(schema: unknown): Values {
  return Object.fromEntries(fieldsOf(schema).filter((field) => field.initial !== undefined).map((field) => [field.key, field.initial]));
}

/** The fields that change nothing in a training with targets of this kind: a schema names the kinds that use a field, where not all do. */
export function unusedWith(schema: unknown, targets: string): string[] {
  const parsed = objectSchema.safeParse(schema);
  return Object.entries(parsed.data?.properties ?? {}).filter(([, { used_with: kinds }]) => kinds !== undefined && !kinds.includes(targets)).map(([key]) => key);
}

export type Fault = "missing" | "whole" | "outside" | null;

/** What is wrong with a field's value, if anything. */
export function faultOf(field: Limits, value: unknown): Fault {
  if (field.kind === "boolean") return null;
  if (value === undefined || value === null || value === "") return "missing";
  if (field.kind !== "integer" && field.kind !== "number") return null;
  if (typeof value !== "number" || !Number.isFinite(value)) return "missing";
  if (field.kind === "integer" && !Number.isInteger(value)) return "whole";
  const low = (field.min !== undefined && value < field.min) || (field.above !== undefined && value <= field.above);
  const high = (field.max !== undefined && value > field.max) || (field.below !== undefined && value >= field.below);
  return low || high ? "outside" : null;
}

export function isComplete(schema: unknown, values: Values): boolean {
  return fieldsOf(schema).every((field) => faultOf(field, values[field.key]) === null);
}

type Translate = (key: string, options?: Record<string, unknown>) => string;

/** The allowed range in words: "1 to 50", "above 0 to 1". */
export function rangeWords(field: Limits, t: Translate): string {
  const from = field.min !== undefined ? formatPlain(field.min) : field.above !== undefined ? t("form.above", { value: formatPlain(field.above) }) : "";
  const to = field.max !== undefined ? formatPlain(field.max) : field.below !== undefined ? t("form.below", { value: formatPlain(field.below) }) : "";
  if (from !== "" && to !== "") return t("form.between", { from, to });
  if (from !== "") return field.min !== undefined ? t("form.least", { value: from }) : from;
  return field.max !== undefined ? t("form.most", { value: to }) : to;
}
