/** What happened, what of it is new to the reader, and a button that makes it read. */
import { Button, Group } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Older } from "@shared/activity/older";
import { useMarkSeen, useUnreadOf } from "@shared/activity/seen";
import { ActivityFeed } from "@shared/ui/ActivityFeed";
import { Card } from "@shared/ui/Page";
import { Problem, Resource, type LoadState } from "@shared/ui/states";

const FIRST = 8;
const STEP = 20;

interface Line {
  seq: number;
  at: string;
  actor?: string | null;
}

interface ActivityCardProps<T extends Line> {
  query: LoadState<readonly T[]>;
  older: Older;
  /** A line in the reader's language. */
  words: (line: T) => string;
}

export function ActivityCard<T extends Line>({ query, older, words }: ActivityCardProps<T>) {
  const { t } = useTranslation("shared");
  const unread = useUnreadOf(query.data);
  const mark = useMarkSeen();
  const newest = query.data?.[0]?.seq ?? 0;
  const [last, setLast] = useState<number | null>(null);
  const known = query.data?.length ?? 0;
  const told = query.data?.findIndex(({ seq }) => seq === last) ?? -1;
  const shown = told < 0 ? FIRST : told + 1 + STEP;
  const rest = known > shown || older.more;
  const next = () => setLast(query.data?.[Math.min(shown, known) - 1]?.seq ?? null);
  const more = () => {
    const end = query.data?.at(-1);
    if (known > shown || end === undefined) next();
    else void older.load(end.seq).then(next, () => undefined);
  };
  return (
    <Card title={t("activity.title")} aside={unread.size > 0 && <Button size="compact-sm" variant="subtle" loading={mark.isPending} onClick={() => mark.mutate(newest)}>{t("activity.mark")}</Button>}>
      {mark.isError && <Problem error={mark.error} />}
      <Resource query={query} label={t("activity.loading")}>{(lines) => <ActivityFeed lines={lines.slice(0, shown).map((line) => ({ seq: line.seq, at: line.at, text: words(line) }))} unread={unread} reached={last} />}</Resource>
      {older.error !== null && <Problem error={older.error} onRetry={more} />}
      {rest && <Group justify="center" mt="sm"><Button size="compact-sm" variant="subtle" loading={older.pending} onClick={more}>{t("activity.more")}</Button></Group>}
    </Card>
  );
}
