/** A time as people say it; the exact one on hover and for machines. */
import { formatDateTime, formatRelative } from "@shared/format/format";
import { useLanguage } from "@shared/i18n/useLanguage";
import { useNow } from "@shared/ui/useNow";

export function Ago({ at }: { at: string }) {
  useLanguage();
  const now = useNow(10_000);
  return <time dateTime={at} title={formatDateTime(at)}>{formatRelative(at, now)}</time>;
}

export function At({ at }: { at: string }) {
  useLanguage();
  return <time dateTime={at}>{formatDateTime(at)}</time>;
}
