import { Anchor } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Empty } from "@shared/ui/states";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("notFound.title")}>
      <Empty icon={IconMapOff} title={t("notFound.what")} action={<Anchor renderRoot={(props) => <Link to="/" {...props} />}>{t("notFound.home")}</Anchor>}>
        {t("notFound.advice")}
      </Empty>
    </Page>
  );
}
