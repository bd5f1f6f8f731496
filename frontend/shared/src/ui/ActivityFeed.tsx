/** What happened, in words, newest first. */
import { Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Empty } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

export interface ActivityLine {
  seq: number;
  at: string;
  text: string;
}

interface ActivityFeedProps {
  lines: readonly ActivityLine[];
  limit?: number;
  /** Numbers of the lines that are new to the reader. */
  unread?: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();

export function ActivityFeed({ lines, limit = 8, unread = NONE }: ActivityFeedProps) {
  const { t } = useTranslation("shared");
  if (lines.length === 0) return <Empty plain icon={IconHistory} title={t("activity.emptyTitle")}>{t("activity.empty")}</Empty>;
  return (
    <ul className="row-list" aria-label={t("activity.title")} aria-live="polite">
      {lines.slice(0, limit).map((line) => (
        <li key={line.seq} style={{ paddingBlock: 9 }}>
          <Text size="sm" fw={unread.has(line.seq) ? 600 : undefined} style={{ overflowWrap: "anywhere" }}>
            {unread.has(line.seq) && <><span className="unread-dot" aria-hidden="true" /><span className="visually-hidden">{t("activity.unread")}: </span></>}
            {line.text}
          </Text>
          <Text size="xs" c="dimmed"><span aria-live="off"><Ago at={line.at} /></span></Text>
        </li>
      ))}
    </ul>
  );
}
