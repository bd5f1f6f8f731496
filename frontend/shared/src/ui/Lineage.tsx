/** From which versions a model came, the oldest first. */
import { Anchor, Text } from "@mantine/core";

interface LineageProps {
  title: string;
  current: string;
  steps: readonly { id: string; name: string }[];
  onOpen: (id: string) => void;
}

export function Lineage({ title, current, steps, onOpen }: LineageProps) {
  const shown = steps.length > 5 ? [...steps.slice(0, 2), null, ...steps.slice(-2)] : steps;
  return (
    <div>
      <Text fw={600} size="sm" mb={6}>{title}</Text>
      <ol aria-label={title} style={{ listStyle: "none", margin: 0, padding: 0, borderLeft: "2px solid var(--line)" }}>
        {shown.map((step) => (
          <li key={step?.id ?? "gap"} style={{ padding: "4px 0 4px 14px" }} aria-current={step?.id === current ? "true" : undefined}>
            {step === null ? <Text size="sm" c="dimmed">… {steps.length - 4}</Text>
              : step.id === current ? <Text size="sm" fw={650}>{step.name}</Text>
              : <Anchor component="button" type="button" size="sm" onClick={() => onOpen(step.id)}>{step.name}</Anchor>}
          </li>
        ))}
      </ol>
    </div>
  );
}
