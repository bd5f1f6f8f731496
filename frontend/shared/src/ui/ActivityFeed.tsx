/** What happened, in words, newest first. */
import { Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
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
  /** Numbers of the lines that are new to the reader. */
  unread?: ReadonlySet<number>;
  /** After this line older ones were asked for: the focus goes on to the first of them. */
  reached?: number | null;
}

const NONE: ReadonlySet<number> = new Set();

export function ActivityFeed({ lines, unread = NONE, reached = null }: ActivityFeedProps) {
  const { t } = useTranslation("shared");
  const first = useRef<HTMLLIElement>(null);
  const place = reached === null ? -1 : lines.findIndex(({ seq }) => seq === reached) + 1;
  useEffect(() => {
    if (reached !== null) first.current?.focus();
  }, [reached]);
  if (lines.length === 0) return <Empty plain icon={IconHistory} title={t("activity.emptyTitle")}>{t("activity.empty")}</Empty>;
  return (
    <ul className="row-list" aria-label={t("activity.title")} aria-live={reached === null ? "polite" : "off"}>
      {lines.map((line, index) => (
        <li key={line.seq} ref={index === place ? first : undefined} tabIndex={index === place ? -1 : undefined} style={{ paddingBlock: 9 }}>
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
