/** One of several choices with an explanation. */
import { Radio, Text } from "@mantine/core";
import type { ReactNode } from "react";

export function Option({ value, title, text, aside }: { value: string; title: string; text: ReactNode; aside?: ReactNode }) {
  return (
    <Radio.Card value={value} className="option" aria-label={title}>
      <div style={{ display: "flex", gap: 12, alignItems: "flex-start", flex: 1, minWidth: 0 }}>
        <Radio.Indicator mt={2} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <Text fw={620}>{title}</Text>
          <Text size="sm" c="dimmed">{text}</Text>
        </div>
        {aside}
      </div>
    </Radio.Card>
  );
}
