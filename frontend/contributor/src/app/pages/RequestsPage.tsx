/** What is asked of this site; open requests first. */
import { Button } from "@mantine/core";
import { IconFileText, IconHeartHandshake } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { MoreList } from "@shared/ui/MoreList";
import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { Request } from "@app/api/schemas";
import { useRequests } from "@app/features/requests/api/useRequests";
import { RequestCard } from "@app/features/requests/components/RequestCard";
import { RulesCard } from "@app/features/rules/components/RulesCard";
import { useSystem } from "@app/features/system/api/useSystem";

const waits = (request: Request) => (request.state === "open" && request.remind_at === null) || request.further?.open === true;

export function RequestsPage() {
  const { t } = useTranslation();
  const requests = useRequests();
  const alone = useSystem().data?.connection.state === "not_enrolled";
  const toConnect = alone ? <Button renderRoot={(props) => <Link to="/connect" {...props} />}>{t("connect.title")}</Button> : undefined;
  return (
    <Page title={t("nav.requests")} intro={t("request.intro")} actions={<Button variant="default" leftSection={<IconFileText size={17} />} renderRoot={(props) => <Link to="/information" {...props} />}>{t("sheet.title")}</Button>}>
      <Resource query={requests} label={t("request.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={IconHeartHandshake} title={t("request.emptyTitle")} action={toConnect}>{t("request.empty")}</Empty>
          ) : (
            <MoreList items={[...list].sort((a, b) => Number(waits(b)) - Number(waits(a)) || b.received_at.localeCompare(a.received_at))} idOf={(request) => request.session_id}>
              {(request) => <RequestCard request={request} />}
            </MoreList>
          )
        }
      </Resource>
      <RulesCard />
    </Page>
  );
}
