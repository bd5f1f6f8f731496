/** Navigation, live state, and the page of the present address. */
import { Text } from "@mantine/core";
import { IconActivityHeartbeat, IconBuildingHospital, IconHome, IconShieldCheck, IconSettings, IconStack2 } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useLiveState } from "@shared/realtime/LiveProvider";
import { AppFrame, type NavEntry } from "@shared/ui/AppFrame";
import { LiveBadge, StaleNotice } from "@shared/ui/LiveBadge";

import { useSites } from "@app/features/sites/api/useSites";
import { useSystem } from "@app/features/system/api/useSystem";

export function Shell() {
  const { t } = useTranslation();
  const live = useLiveState();
  const system = useSystem();
  const pending = useSites().data?.filter((site) => site.state === "pending").length ?? 0;
  const entries: NavEntry[] = [
    { label: t("nav.home"), icon: IconHome, link: (props) => <Link to="/" activeOptions={{ exact: true }} {...props} /> },
    { label: t("nav.sites"), icon: IconBuildingHospital, waiting: pending, link: (props) => <Link to="/sites" {...props} /> },
    { label: t("nav.training"), icon: IconActivityHeartbeat, link: (props) => <Link to="/training" {...props} /> },
    { label: t("nav.models"), icon: IconStack2, link: (props) => <Link to="/models" {...props} /> },
    { label: t("nav.audit"), icon: IconShieldCheck, link: (props) => <Link to="/audit" {...props} /> },
    { label: t("nav.settings"), icon: IconSettings, link: (props) => <Link to="/settings" {...props} /> },
  ];
  return (
    <AppFrame
      subtitle={t("nav.subtitle")}
      entries={entries}
      bar={<Text size="sm" fw={600} truncate>{system.data?.name ?? ""}</Text>}
      live={<LiveBadge {...live} />}
      settings={(props) => <Link to="/settings" {...props} />}
    >
      <StaleNotice {...live} />
      <Outlet />
    </AppFrame>
  );
}
