/** The way back. */
import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

export function BackToLaboratory() {
  const { t } = useTranslation();
  return <Anchor size="sm" renderRoot={(props) => <Link to="/laboratory" {...props} />}>← {t("lab.back")}</Anchor>;
}
