/** A site's name with the colour that its line has in the charts. */
import { Group, Text } from "@mantine/core";

import { siteStyle } from "@shared/theme/theme";

export function SiteMark({ name, index }: { name: string; index: number }) {
  return (
    <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
      <span className="site-mark" style={{ background: siteStyle(index).color }} aria-hidden="true" />
      <Text fw={600} lh={1.35} style={{ minWidth: 0, overflowWrap: "break-word", hyphens: "auto" }}>{name}</Text>
    </Group>
  );
}
