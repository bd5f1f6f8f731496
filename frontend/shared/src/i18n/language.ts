/** Which language is spoken now, and which one a person wants; all texts and numbers ask here. */
export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = "flomir.language";
let present: Language = "en";

export const isLanguage = (value: unknown): value is Language => LANGUAGES.some((known) => known === value);

export const spoken = (): Language => present;

/** From now on numbers, times and problems are in this language; the page says so to screen readers. */
export function speak(language: Language): void {
  present = language;
  document.documentElement.lang = language;
}

/** The language chosen here before, else the browser's first one, else English. */
export function preferredLanguage(): Language {
  const chosen = remembered();
  if (isLanguage(chosen)) return chosen;
  const [first = "en"] = [...navigator.languages, navigator.language];
  const [plain] = first.toLowerCase().split("-");
  return isLanguage(plain) ? plain : "en";
}

/** A browser may forbid to keep anything; then the choice lasts until the page is left. */
export function rememberLanguage(language: Language): void {
  try {
    window.localStorage.setItem(KEY, language);
  } catch {
    return;
  }
}

function remembered(): string | null {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
