/** One i18next for an app: its own text and the shared text, ready for more languages. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { sharedEn } from "@shared/i18n/en";

export function setUpLanguage(app: Record<string, unknown>): void {
  void i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    defaultNS: "app",
    ns: ["app", "shared"],
    resources: { en: { app, shared: sharedEn } },
    interpolation: { escapeValue: false },
  });
}
