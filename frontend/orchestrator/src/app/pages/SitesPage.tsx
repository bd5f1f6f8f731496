/** Who takes part: requests for trust, sites, open invitations. */
import { IconBuildingHospital, IconMailForward } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Page } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";

import { useInvitations, useSites } from "@app/features/sites/api/useSites";
import { Invitations } from "@app/features/sites/components/Invitations";
import { InviteDialog } from "@app/features/sites/components/InviteDialog";
import { PendingSites } from "@app/features/sites/components/PendingSites";
import { SiteDrawer } from "@app/features/sites/components/SiteDrawer";
import { SiteTable } from "@app/features/sites/components/SiteTable";

export function SitesPage() {
  const { t } = useTranslation();
  const sites = useSites();
  const invitations = useInvitations();
  const [inviting, setInviting] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const invite = <ActButton leftSection={<IconMailForward size={17} />} onClick={() => setInviting(true)}>{t("invite.title")}</ActButton>;
  return (
    <Page title={t("nav.sites")} intro={t("sites.intro")} actions={(sites.data?.length ?? 0) > 0 ? invite : undefined}>
      <Resource query={sites} label={t("sites.loading")}>
        {(list) => {
          const pending = list.filter((site) => site.state === "pending");
          const others = list.filter((site) => site.state !== "pending").sort((a, b) => a.name.localeCompare(b.name));
          return (
            <>
              {pending.length > 0 && <PendingSites sites={pending} />}
              {list.length === 0 && <Empty icon={IconBuildingHospital} title={t("sites.emptyTitle")} action={invite}>{t("sites.empty")}</Empty>}
              {others.length > 0 && <SiteTable sites={others} onOpen={setOpen} />}
              <SiteDrawer site={list.find(({ id }) => id === open)} onClose={() => setOpen(null)} />
            </>
          );
        }}
      </Resource>
      {invitations.isError && <Problem error={invitations.error} onRetry={() => void invitations.refetch()} />}
      <Invitations invitations={invitations.data ?? []} />
      <InviteDialog opened={inviting} onClose={() => setInviting(false)} />
    </Page>
  );
}
