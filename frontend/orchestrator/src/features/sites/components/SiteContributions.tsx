/** The sessions a site was asked to, and what it sent in each. */
import { Anchor, Stack, Text } from "@mantine/core";
import { IconActivityHeartbeat } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { formatBytes, formatCount } from "@shared/format/format";
import { Facts } from "@shared/ui/Page";
import { Empty, Resource } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import { useSiteHistory } from "@app/features/sites/api/useSiteDetails";

export function SiteContributions({ id }: { id: string }) {
  const { t } = useTranslation();
  const history = useSiteHistory(id);
  return (
    <Resource query={history} label={t("siteHistory.loading")}>
      {({ items, rounds, bytes }) => (items.length === 0 ? <Empty plain icon={IconActivityHeartbeat} title={t("siteHistory.emptyTitle")}>{t("siteHistory.empty")}</Empty> : (
        <Stack gap="lg">
          <Facts items={[[t("siteHistory.sessions"), formatCount(items.length)], [t("siteHistory.updates"), formatCount(rounds)], [t("siteHistory.bytes"), formatBytes(bytes)]]} />
          <ul className="row-list" aria-label={t("siteHistory.sessions")}>
            {items.map((item) => (
              <li key={item.session_id}>
                <Anchor fw={600} renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: item.session_id }} {...props} />}>{item.title}</Anchor>
                <Text size="sm" c="dimmed">
                  {t(`session.answer.${item.state}`)} · {t("siteHistory.rounds", { count: item.rounds })}
                  {item.rounds > 0 && <> · {t("siteHistory.examples", { count: item.examples })} · {formatBytes(item.bytes)}</>}
                  {item.last_at !== null && <> · <Ago at={item.last_at} /></>}
                </Text>
              </li>
            ))}
          </ul>
        </Stack>
      ))}
    </Resource>
  );
}
