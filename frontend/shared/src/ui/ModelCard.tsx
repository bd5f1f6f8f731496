/** A model card as names and values; nested parts are indented. */
import { Text } from "@mantine/core";

import { formatPlain } from "@shared/format/format";
import { useLanguage } from "@shared/i18n/useLanguage";

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

function words(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.map(words).join(", ");
  if (typeof value === "number") return formatPlain(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function ModelCard({ title, card }: { title: string; card: Json }) {
  if (Object.keys(card).length === 0) return null;
  return (
    <section aria-label={title}>
      <Text fw={600} size="sm" mb={6}>{title}</Text>
      <Entries card={card} />
    </section>
  );
}

function Entries({ card }: { card: Json }) {
  useLanguage();
  return (
    <dl className="kv" style={{ fontSize: 13.5 }}>
      {Object.entries(card).map(([key, value]) => (
        <div key={key} style={{ display: "contents" }}>
          <dt>{key.replaceAll("_", " ")}</dt>
          <dd>{isObject(value) && Object.keys(value).length > 0 ? <Entries card={value} /> : words(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
