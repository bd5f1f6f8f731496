/** What left in a session: how much in all, and round by round once somebody asks for it. */
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes } from "@shared/format/format";
import { Card } from "@shared/ui/Page";
import { Resource } from "@shared/ui/states";

import type { SiteSessionSummary } from "@app/api/schemas";
import { useSession } from "@app/features/sessions/api/useSessions";
import { Receipts } from "@app/features/sessions/components/Receipts";
import { RoundsToggle } from "@app/features/sessions/components/RoundsToggle";

export function SentCard({ session, opened }: { session: SiteSessionSummary; opened: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(opened);
  return (
    <Card title={session.title} note={t("privacy.total", { bytes: formatBytes(session.bytes_sent) })} aside={<RoundsToggle title={session.title} open={open} onToggle={setOpen} />}>
      {open && <Opened id={session.id} />}
    </Card>
  );
}

function Opened({ id }: { id: string }) {
  const { t } = useTranslation();
  return <Resource query={useSession(id)} label={t("receipts.loading")}>{(session) => <Receipts session={session} />}</Resource>;
}
