/** Numbers, sizes and times as people read them, in the language spoken now. */
import { spoken } from "@shared/i18n/language";

const integer = { en: new Intl.NumberFormat("en"), de: new Intl.NumberFormat("de") };
const PLACE = { en: "en-GB", de: "de-DE" };
const WORDS = {
  en: { now: "just now", past: (span: string) => `${span} ago`, future: (span: string) => `in ${span}`, day: "day", days: "days", daysApart: "days", yes: "yes", no: "no" },
  de: { now: "gerade eben", past: (span: string) => `vor ${span}`, future: (span: string) => `in ${span}`, day: "Tag", days: "Tage", daysApart: "Tagen", yes: "ja", no: "nein" },
};

/** A number written with a decimal point, with the language's own sign, and a minus as wide as a plus. */
const decimal = (text: string) => (spoken() === "de" ? text.replace(".", ",") : text).replace(/^-/, "−");

export function formatCount(value: number): string {
  return integer[spoken()].format(value).replace(/^-/, "−");
}

/** Four significant digits; small and large values in scientific form. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return decimal(value.toExponential(2));
  if (size >= 1000 || Number.isInteger(value)) return formatCount(Math.round(value));
  return decimal(value.toPrecision(size >= 100 ? 4 : 3));
}

/** Numbers that are read against each other: all with the decimals that the largest of them has in `formatNumber`. */
export function formatAlike(values: readonly (number | null | undefined)[]): string[] {
  const known = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const most = Math.max(...known.map(Math.abs), 0);
  if (most < 1e-3 || most >= 1000 || known.every(Number.isInteger)) return values.map(formatNumber);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(most)));
  return values.map((value) => (typeof value === "number" && Number.isFinite(value) ? formatFixed(value, digits) : formatNumber(value)));
}

/** All the digits that the number has. */
export function formatPlain(value: number): string {
  return decimal(String(value));
}

export function formatFixed(value: number, digits: number): string {
  return decimal(value.toFixed(digits));
}

export function formatYesNo(value: boolean): string {
  return WORDS[spoken()][value ? "yes" : "no"];
}

/** A remark of the program as a sentence: capital letter, full stop. */
export function asSentence(text: string): string {
  const plain = text.trim();
  return plain === "" ? "" : plain.charAt(0).toUpperCase() + plain.slice(1) + (/[.!?]$/.test(plain) ? "" : ".");
}

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? formatPlain(value) : formatFixed(value, value < 10 ? 1 : 0)} ${units[unit] ?? ""}`;
}

const pair = (large: number, unit: string, small: number, smallUnit: string) => (small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`);

/** Rounded before it is split, so that no part comes to a whole of the next unit. */
export function formatDuration(seconds: number): string {
  const thousandths = Math.round(seconds * 1000);
  if (thousandths < 1000) return `${thousandths} ms`;
  const tenths = Math.round(seconds * 10);
  if (tenths < 100) return `${formatFixed(tenths / 10, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 86_400) return pair(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  const days = Math.round(whole / 86_400);
  return `${days} ${days === 1 ? WORDS[spoken()].day : WORDS[spoken()].days}`;
}

/** Time left: minutes and seconds, "0:00" when it is over. */
export function formatCountdown(seconds: number): string {
  if (seconds >= 3600) return formatDuration(seconds);
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

export function formatDateTime(iso: string): string {
  return new Date(iso).toLocaleString(PLACE[spoken()], { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** A moment's day here, or a day that is given without a time. */
export function formatDay(iso: string): string {
  return new Date(iso.includes("T") ? iso : `${iso}T00:00:00`).toLocaleDateString(PLACE[spoken()], { day: "numeric", month: "short", year: "numeric" });
}

export function formatClock(iso: string): string {
  return new Date(iso).toLocaleTimeString(PLACE[spoken()], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** "in 3 h", "4 min ago"; `now` is an argument so that it can be tested. */
export function formatRelative(iso: string, now: number): string {
  const words = WORDS[spoken()];
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return words.now;
  const span =
    size < 60 ? `${size} s`
    : Math.round(size / 60) < 60 ? `${Math.round(size / 60)} min`
    : Math.round(size / 3600) < 48 ? `${Math.round(size / 3600)} h`
    : `${Math.round(size / 86_400)} ${words.daysApart}`;
  return seconds < 0 ? words.past(span) : words.future(span);
}
