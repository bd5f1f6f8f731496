/** Navigation, live state, and the page of the present address. */
import { IconActivityHeartbeat, IconBuildingHospital, IconFlask2, IconHome, IconInbox, IconShieldCheck, IconSettings, IconStack2 } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useUnreadOf } from "@shared/activity/seen";
import { useLiveState } from "@shared/realtime/LiveProvider";
import { AppFrame, type NavEntry } from "@shared/ui/AppFrame";
import { Notice } from "@shared/ui/Chip";
import { LiveBadge, StaleNotice } from "@shared/ui/LiveBadge";

import { useActivity } from "@app/features/activity/api/useActivity";
import { useSites } from "@app/features/sites/api/useSites";
import { useSystem } from "@app/features/system/api/useSystem";

export function Shell() {
  const { t } = useTranslation();
  const live = useLiveState();
  const system = useSystem();
  const sites = useSites().data;
  const pending = sites?.filter((site) => site.state === "pending").length ?? 0;
  const fresh = sites?.filter((site) => site.state === "trusted" && site.new_studies > 0).length ?? 0;
  const unread = useUnreadOf(useActivity().data).size;
  const entries: NavEntry[] = [
    { label: t("nav.home"), icon: IconHome, waiting: unread, meaning: t("unread.badge", { count: unread }), link: (props) => <Link to="/" activeOptions={{ exact: true }} {...props} /> },
    { label: t("nav.sites"), icon: IconBuildingHospital, waiting: pending, link: (props) => <Link to="/sites" {...props} /> },
    { label: t("newData.nav"), icon: IconInbox, waiting: fresh, link: (props) => <Link to="/new-data" {...props} /> },
    { label: t("nav.training"), icon: IconActivityHeartbeat, link: (props) => <Link to="/training" {...props} /> },
    { label: t("nav.models"), icon: IconStack2, link: (props) => <Link to="/models" {...props} /> },
    { label: t("nav.laboratory"), icon: IconFlask2, link: (props) => <Link to="/laboratory" {...props} /> },
    { label: t("nav.audit"), icon: IconShieldCheck, link: (props) => <Link to="/audit" {...props} /> },
    { label: t("nav.settings"), icon: IconSettings, link: (props) => <Link to="/settings" {...props} /> },
  ];
  return (
    <AppFrame
      subtitle={t("nav.subtitle")}
      entries={entries}
      bar={<div className="promise" style={{ fontWeight: 600 }}>{system.data?.name ?? ""}</div>}
      live={<LiveBadge {...live} />}
      settings={(props) => <Link to="/settings" {...props} />}
    >
      <StaleNotice {...live} />
      {system.data?.draining === true && <div style={{ marginBottom: 16 }}><Notice tone="warning" title={t("drain.banner")}>{t("drain.bannerText")}</Notice></div>}
      <Outlet />
    </AppFrame>
  );
}
