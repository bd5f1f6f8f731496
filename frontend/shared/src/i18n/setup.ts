/** One i18next for an app: its own text and the shared text in every language, begun in the preferred one. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { sharedDe } from "@shared/i18n/de";
import { sharedEn } from "@shared/i18n/en";
import { isLanguage, preferredLanguage, speak } from "@shared/i18n/language";

export function setUpLanguage<Texts extends Record<string, unknown>>(en: Texts, de: NoInfer<Texts>): void {
  const language = preferredLanguage();
  speak(language);
  // Registered before any component listens, so that what is drawn anew finds the numbers in the new language as well.
  i18next.on("languageChanged", (next) => { if (isLanguage(next)) speak(next); });
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: "en",
    defaultNS: "app",
    ns: ["app", "shared"],
    resources: { en: { app: en, shared: sharedEn }, de: { app: de, shared: sharedDe } },
    interpolation: { escapeValue: false },
  });
}
