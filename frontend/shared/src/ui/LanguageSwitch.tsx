/** English or German, remembered by the browser; the button speaks the language it leads to. */
import { ActionIcon } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { rememberLanguage } from "@shared/i18n/language";
import { useLanguage } from "@shared/i18n/useLanguage";

export function LanguageSwitch() {
  const { i18n } = useTranslation();
  const other = useLanguage() === "de" ? "en" : "de";
  return (
    <ActionIcon
      variant="default"
      size={36}
      fz={13}
      fw={650}
      lang={other}
      aria-label={i18n.getFixedT(other, "shared")("frame.speak")}
      onClick={() => { rememberLanguage(other); void i18n.changeLanguage(other); }}
    >
      {other.toUpperCase()}
    </ActionIcon>
  );
}
