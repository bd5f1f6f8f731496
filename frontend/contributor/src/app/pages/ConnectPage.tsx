/** Welcome and connection. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import { ConnectFlow } from "@app/features/enrolment/components/ConnectFlow";
import { PreflightCard } from "@app/features/preflight/components/PreflightCard";
import { useSystem } from "@app/features/system/api/useSystem";

export function ConnectPage() {
  const { t } = useTranslation();
  const system = useSystem();
  return (
    <Page title={t("connect.title")} intro={t("connect.intro")}>
      <Resource query={system} label={t("connect.loading")}>
        {(data) => <ConnectFlow connection={data.connection} check={(invitation) => <PreflightCard invitation={invitation} />} next={<Button renderRoot={(props) => <Link to="/data" {...props} />}>{t("connect.toData")}</Button>} />}
      </Resource>
    </Page>
  );
}
