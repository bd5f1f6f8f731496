/** Title, explanation and actions at the head of a page; cards below. */
import { Group, Stack, Text, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";

interface PageProps {
  title: string;
  intro?: ReactNode;
  chip?: ReactNode;
  actions?: ReactNode;
  back?: ReactNode;
  children: ReactNode;
}

export function Page({ title, intro, chip, actions, back, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · FLoMIR`;
  }, [title]);
  return (
    <Stack gap="md">
      <div className="page-head">
        {back}
        <Group justify="space-between" align="flex-start" gap="sm">
          <div style={{ minWidth: 0, flex: "1 1 420px" }}>
            <Group gap="sm">
              <Title order={1} size={26} lh={1.25}>{title}</Title>
              {chip}
            </Group>
            {intro !== undefined && <Text className="intro" c="dimmed" size="sm" mt={4} maw={760}>{intro}</Text>}
          </div>
          {actions !== undefined && <Group gap="xs">{actions}</Group>}
        </Group>
      </div>
      {children}
    </Stack>
  );
}

interface CardProps {
  title?: string;
  note?: ReactNode;
  aside?: ReactNode;
  tone?: "attention";
  children: ReactNode;
}

/** A titled region. */
export function Card({ title, note, aside, tone, children }: CardProps) {
  return (
    <section className="card" aria-label={title} data-tone={tone}>
      {(title !== undefined || aside !== undefined) && (
        <div className="card-head">
          <div style={{ minWidth: 0 }}>
            {title !== undefined && <Title order={2} size={17}>{title}</Title>}
            {note !== undefined && <Text className="intro" c="dimmed" size="sm">{note}</Text>}
          </div>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

/** Names and values. */
export function Facts({ items, grid = false }: { items: readonly (readonly [string, ReactNode])[]; grid?: boolean }) {
  return (
    <dl className={grid ? "facts" : "kv"}>
      {items.map(([name, value]) =>
        grid ? (
          <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
        ) : (
          <FactRow key={name} name={name} value={value} />
        ),
      )}
    </dl>
  );
}

function FactRow({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
