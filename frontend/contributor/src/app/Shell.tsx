/** Navigation, the promise about images, live state, and the page of the present address. */
import { Text } from "@mantine/core";
import { IconActivityHeartbeat, IconFolderHeart, IconHeartHandshake, IconHome, IconLock, IconSettings, IconShieldLock, IconSparkles, IconScale } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useUnreadOf } from "@shared/activity/seen";
import { useLiveState } from "@shared/realtime/LiveProvider";
import { AppFrame, type NavEntry } from "@shared/ui/AppFrame";
import { LiveBadge, StaleNotice } from "@shared/ui/LiveBadge";

import { useActivity } from "@app/features/activity/api/useActivity";
import { ConnectionChip } from "@app/features/enrolment/components/ConnectionChip";
import { useRequests } from "@app/features/requests/api/useRequests";
import { useSessions } from "@app/features/sessions/api/useSessions";
import { heldRounds } from "@app/features/sessions/components/rounds";
import { useSystem } from "@app/features/system/api/useSystem";

export function Shell() {
  const { t } = useTranslation();
  const live = useLiveState();
  const system = useSystem();
  const open = useRequests().data?.filter((request) => request.state === "open" && request.remind_at === null).length ?? 0;
  const held = useSessions().data?.filter((session) => heldRounds(session).length > 0).length ?? 0;
  const unread = useUnreadOf(useActivity().data).size;
  const entries: NavEntry[] = [
    { label: t("nav.home"), icon: IconHome, waiting: unread, meaning: t("unread.badge", { count: unread }), link: (props) => <Link to="/" activeOptions={{ exact: true }} {...props} /> },
    { label: t("nav.data"), icon: IconFolderHeart, link: (props) => <Link to="/data" {...props} /> },
    { label: t("nav.requests"), icon: IconHeartHandshake, waiting: open, link: (props) => <Link to="/requests" {...props} /> },
    { label: t("nav.training"), icon: IconActivityHeartbeat, waiting: held, link: (props) => <Link to="/training" {...props} /> },
    { label: t("nav.reconstruct"), icon: IconSparkles, link: (props) => <Link to="/reconstruct" {...props} /> },
    { label: t("nav.results"), icon: IconScale, link: (props) => <Link to="/results" {...props} /> },
    { label: t("nav.privacy"), icon: IconShieldLock, link: (props) => <Link to="/privacy" {...props} /> },
    { label: t("nav.settings"), icon: IconSettings, link: (props) => <Link to="/settings" {...props} /> },
  ];
  return (
    <AppFrame
      subtitle={system.data?.connection.site_name ?? t("nav.subtitle")}
      entries={entries}
      bar={
        <div style={{ display: "flex", gap: 8, alignItems: "center", minWidth: 0 }}>
          <IconLock size={17} color="var(--tone-success)" aria-hidden="true" style={{ flex: "none" }} />
          <div className="promise"><b>{t("nav.promise")}</b> <Text span inherit c="dimmed" visibleFrom="lg">{t("nav.promiseMore")}</Text></div>
        </div>
      }
      live={<>{system.data !== undefined && <Text span visibleFrom="sm" display="inline-flex"><ConnectionChip state={system.data.connection.state} /></Text>}<LiveBadge {...live} /></>}
      settings={(props) => <Link to="/settings" {...props} />}
    >
      <StaleNotice {...live} />
      <Outlet />
    </AppFrame>
  );
}
