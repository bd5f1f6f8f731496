/** The present language, for components that show numbers or times but no text of their own: they follow a change, too. */
import { useTranslation } from "react-i18next";

import { isLanguage, type Language } from "@shared/i18n/language";

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return isLanguage(i18n.language) ? i18n.language : "en";
}
