/** The helper processes of a daemon and how they are. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Chip, type Tone } from "@shared/ui/Chip";
import { Ago } from "@shared/ui/Time";

interface ChildLine {
  name: string;
  state: "starting" | "ready" | "restarting" | "stopped";
  restarts: number;
  since: string;
}

const TONES: Record<ChildLine["state"], Tone> = { starting: "info", ready: "success", restarting: "warning", stopped: "danger" };

export function ChildrenList({ rows }: { rows: readonly ChildLine[] }) {
  const { t } = useTranslation("shared");
  if (rows.length === 0) return <Text size="sm" c="dimmed">{t("children.none")}</Text>;
  return (
    <ul className="row-list" aria-label={t("children.title")}>
      {rows.map((row) => (
        <li key={row.name}>
          <Group justify="space-between" gap="sm">
            <div>
              <Text fw={600}>{t(`children.role.${row.name}`, { defaultValue: row.name })}</Text>
              <Text size="xs" c="dimmed">{row.name} · {t("children.since")} <Ago at={row.since} /> · {t("children.restarts", { count: row.restarts })}</Text>
            </div>
            <Chip tone={TONES[row.state]}>{t(`children.${row.state}`)}</Chip>
          </Group>
        </li>
      ))}
    </ul>
  );
}
