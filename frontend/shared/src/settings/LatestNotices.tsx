/** The notices of late: sent, waiting to be tried again, or given up. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Notices } from "@shared/settings/api";
import { Chip, type Tone } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Ago } from "@shared/ui/Time";

const TONES: Record<Notices["latest"][number]["state"], Tone> = { waiting: "info", sent: "success", failed: "danger" };

export function LatestNotices({ rows }: { rows: Notices["latest"] }) {
  const { t } = useTranslation("shared");
  return (
    <Card title={t("notices.latest")} note={t("notices.latestNote")}>
      {rows.length === 0 ? <Text size="sm" c="dimmed">{t("notices.noneYet")}</Text> : (
        <ul className="row-list" aria-label={t("notices.latest")}>
          {rows.map((row) => (
            <li key={row.id}>
              <Group justify="space-between" gap="sm">
                <div style={{ minWidth: 0 }}>
                  <Text size="sm" fw={600}>{t(`notices.kindOf.${row.kind}`, { defaultValue: row.kind })} · {t(`notices.${row.channel}`)}</Text>
                  <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}><Ago at={row.created_at} />{row.problem === "" ? "" : ` · ${row.problem}`}{row.state === "waiting" && row.attempts > 0 && <> · {t("notices.again")} <Ago at={row.next_at} /></>}</Text>
                </div>
                <Chip tone={TONES[row.state]}>{t(`notices.state.${row.state}`)}</Chip>
              </Group>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
