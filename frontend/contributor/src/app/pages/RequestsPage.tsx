/** What is asked of this site; open requests first. */
import { Stack } from "@mantine/core";
import { IconHeartHandshake } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";

import type { Request } from "@app/api/schemas";
import { useRequests } from "@app/features/requests/api/useRequests";
import { RequestCard } from "@app/features/requests/components/RequestCard";

const waits = (request: Request) => request.state === "open" || request.further?.open === true;

export function RequestsPage() {
  const { t } = useTranslation();
  const requests = useRequests();
  return (
    <Page title={t("nav.requests")} intro={t("request.intro")}>
      <Resource query={requests} label={t("request.loading")}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={IconHeartHandshake} title={t("request.emptyTitle")}>{t("request.empty")}</Empty>
          ) : (
            <Stack gap="md">
              {[...list].sort((a, b) => Number(waits(b)) - Number(waits(a)) || b.received_at.localeCompare(a.received_at)).map((request) => <RequestCard key={request.session_id} request={request} />)}
            </Stack>
          )
        }
      </Resource>
    </Page>
  );
}
