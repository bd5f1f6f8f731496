/** The latest lines of a session in words. */
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatClock } from "@shared/format/format";
import { Card } from "@shared/ui/Page";

import type { Activity, Session } from "@app/api/schemas";

/** `words` says a line in the present language. */
export function SessionLog({ session, words }: { session: Session; words: (line: Activity) => string }) {
  const { t } = useTranslation();
  const lines = [...session.log].reverse();
  return (
    <Card title={t("log.title")} note={t("log.note")}>
      {lines.length === 0 ? (
        <Text size="sm" c="dimmed">{t("log.empty")}</Text>
      ) : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
        <ol className="log words" aria-label={t("log.title")} aria-live="off" tabIndex={0}>
          {lines.map((line) => <li key={line.seq}><time dateTime={line.at}>{formatClock(line.at)}</time> <span>{words(line)}</span></li>)}
        </ol>
      )}
    </Card>
  );
}
