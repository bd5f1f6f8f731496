/** A long list of cards: the first of them, and a button for the next ones, to the first of which the focus goes on. */
import { Button, Stack } from "@mantine/core";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

const STEP = 20;

interface MoreListProps<T> {
  /** In the order they are shown, what waits for somebody first. */
  items: readonly T[];
  idOf: (item: T) => string;
  children: (item: T, place: number) => ReactNode;
}

export function MoreList<T>({ items, idOf, children }: MoreListProps<T>) {
  const { t } = useTranslation("shared");
  const [shown, setShown] = useState(STEP);
  const [reached, setReached] = useState<string | null>(null);
  const first = useRef<HTMLDivElement>(null);
  const rest = items.length - shown;
  useEffect(() => {
    if (reached !== null) first.current?.focus();
  }, [reached]);
  const more = () => {
    const next = items[shown];
    setReached(next === undefined ? null : idOf(next));
    setShown(shown + STEP);
  };
  return (
    <Stack gap="md">
      {items.slice(0, shown).map((item, place) => {
        const id = idOf(item);
        return <div key={id} ref={id === reached ? first : undefined} tabIndex={id === reached ? -1 : undefined}>{children(item, place)}</div>;
      })}
      {rest > 0 && <Button variant="default" onClick={more}>{t("list.more", { count: Math.min(rest, STEP), rest })}</Button>}
    </Stack>
  );
}
