/** What happened, what of it is new to the reader, and a button that makes it read. */
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useMarkSeen, useUnreadOf } from "@shared/activity/seen";
import { ActivityFeed } from "@shared/ui/ActivityFeed";
import { Card } from "@shared/ui/Page";
import { Problem, Resource, type LoadState } from "@shared/ui/states";

interface Line {
  seq: number;
  at: string;
  actor?: string | null;
}

interface ActivityCardProps<T extends Line> {
  query: LoadState<readonly T[]>;
  /** A line in the reader's language. */
  words: (line: T) => string;
}

export function ActivityCard<T extends Line>({ query, words }: ActivityCardProps<T>) {
  const { t } = useTranslation("shared");
  const unread = useUnreadOf(query.data);
  const mark = useMarkSeen();
  const newest = query.data?.[0]?.seq ?? 0;
  return (
    <Card title={t("activity.title")} aside={unread.size > 0 && <Button size="compact-sm" variant="subtle" loading={mark.isPending} onClick={() => mark.mutate(newest)}>{t("activity.mark")}</Button>}>
      {mark.isError && <Problem error={mark.error} />}
      <Resource query={query} label={t("activity.loading")}>{(lines) => <ActivityFeed lines={lines.map((line) => ({ seq: line.seq, at: line.at, text: words(line) }))} unread={unread} />}</Resource>
    </Card>
  );
}
