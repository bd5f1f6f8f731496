/** Trusted and former sites; a row opens the details. */
import { Button, Group, Table, Text } from "@mantine/core";
import { IconDoorExit, IconPlayerPause } from "@tabler/icons-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { Chip } from "@shared/ui/Chip";
import { LongTable } from "@shared/ui/LongTable";
import { Problem } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { Site } from "@app/api/schemas";
import { usePresence } from "@app/features/sites/api/usePresence";
import { CertificateEnd } from "@app/features/sites/components/CertificateEnd";
import { Uptime } from "@app/features/sites/components/Uptime";

export function SiteChip({ site }: { site: Site }) {
  const { t } = useTranslation();
  if (site.state === "revoked") return <Chip tone="danger">{t("site.state.revoked")}</Chip>;
  if (site.state === "suspended") return <Chip tone="warning" icon={IconPlayerPause}>{t("site.state.suspended")}</Chip>;
  if (site.state === "left") return <Chip tone="neutral" icon={IconDoorExit}>{t("site.state.left")}</Chip>;
  if (site.state === "refused") return <Chip tone="neutral">{t("site.state.refused")}</Chip>;
  if (site.state === "pending") return <Chip tone="warning">{t("site.state.pending")}</Chip>;
  return site.online ? <Chip tone="success">{t("site.online")}</Chip> : <Chip tone="neutral">{t("site.offline")}</Chip>;
}

const COLUMNS = ["name", "state", "seen", "studies", "new", "certificate"] as const;
const idOf = (site: Site) => site.id;

export function SiteTable({ sites, onOpen }: { sites: readonly Site[]; onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  const presence = usePresence();
  const head = (
    <>
      {COLUMNS.map((name) => <Table.Th key={name} scope="col">{t(`sites.${name}`)}</Table.Th>)}
      <Table.Th scope="col"><span className="visually-hidden">{t("sites.details")}</span></Table.Th>
    </>
  );
  return (
    <div className="card">
      {presence.isError && <Problem error={presence.error} onRetry={() => void presence.refetch()} />}
      <LongTable label={t("nav.sites")} head={head} columns={COLUMNS.length + 1} rows={sites} rowKey={idOf}>
        {(site) => <SiteCells site={site} shares={presence.data?.get(site.id)} onOpen={onOpen} />}
      </LongTable>
    </div>
  );
}

const SiteCells = memo(function SiteCells({ site, shares, onOpen }: { site: Site; shares: readonly number[] | undefined; onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <Table.Th scope="row" style={{ color: "var(--ink)", fontSize: 14.5 }}>{site.name}<Text size="xs" c="dimmed" fw={400}>{site.software ?? ""}</Text></Table.Th>
      <Table.Td><SiteChip site={site} /></Table.Td>
      <Table.Td>
        <Text size="xs" c="dimmed">{site.online ? t("sites.now") : site.last_seen === null ? t("sites.never") : <Ago at={site.last_seen} />}</Text>
        {shares !== undefined && shares.length > 0 && <Uptime shares={shares} />}
      </Table.Td>
      <Table.Td className="num">
        {site.data === null ? "–" : t("sites.usable", { usable: site.data.studies_usable, total: site.data.studies_total })}
      </Table.Td>
      <Table.Td className="num">{site.new_studies > 0 ? <Text span size="sm" fw={650}>+{site.new_studies}</Text> : "–"}</Table.Td>
      <Table.Td><CertificateEnd site={site} /></Table.Td>
      <Table.Td>
        <Group justify="flex-end">
          <Button size="xs" variant="default" aria-label={t("sites.open", { name: site.name })} onClick={() => onOpen(site.id)}>{t("sites.details")}</Button>
        </Group>
      </Table.Td>
    </>
  );
});
