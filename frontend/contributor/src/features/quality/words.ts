/** A finding in the language spoken now: the daemon writes English, German is made here from its code and numbers. */
import { formatNumber } from "@shared/format/format";
import { spoken } from "@shared/i18n/language";

import { findingsDe } from "@app/i18n/findings.de";
import type { QualityGlance } from "@app/features/quality/api/useQuality";

export function inWords({ code, text, remedy, numbers }: NonNullable<QualityGlance["cause"]>): { text: string; remedy: string } {
  const german = spoken() === "de" ? findingsDe[code] : undefined;
  if (german === undefined) return { text, remedy };
  const filled = german.text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => formatNumber(numbers[name]));
  return { text: filled, remedy: german.remedy };
}
