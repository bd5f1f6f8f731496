/** What a site tells about its data: counts, and how they are spread where it permits that. */
import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatCount, formatDay } from "@shared/format/format";
import { Facts } from "@shared/ui/Page";

import type { Site } from "@app/api/schemas";

export function SiteData({ site }: { site: Site }) {
  const { t } = useTranslation();
  const { data } = site;
  if (data === null) return <Text size="sm" c="dimmed">{t("siteData.untold")}</Text>;
  const spread = data.distributions;
  return (
    <Stack gap="lg">
      <Facts items={[
        [t("site.studies"), t("sites.usable", { usable: formatCount(data.studies_usable), total: formatCount(data.studies_total) })],
        [t("site.newStudies"), formatCount(site.new_studies)],
        [t("site.patients"), formatCount(data.patients)],
        [t("site.reference"), formatCount(data.with_reference)],
        [t("siteData.newest"), data.added_at === null || data.added_at === undefined ? "–" : formatDay(data.added_at)],
        ...(spread ? [[t("siteData.warned"), (spread.warned ?? 0) === 0 ? t("siteData.few") : formatCount(spread.warned)] as const] : []),
      ]} />
      <Bars title={t("siteData.tasks")} groups={data.by_task ?? {}} name={(task) => t(`task.${task}`, { defaultValue: task })} />
      {spread ? (
        <>
          <Bars title={t("siteData.kinds")} groups={spread.kinds ?? {}} name={other(t)} />
          <Bars title={t("siteData.cameras")} groups={spread.cameras ?? {}} name={other(t)} />
          <Bars title={t("siteData.counts")} groups={spread.counts ?? {}} sorted name={(from) => (from === "other" ? t("siteData.other") : t("siteData.from", { counts: formatCount(Number(from)) }))} />
        </>
      ) : <Text size="sm" c="dimmed">{t("siteData.notPermitted")}</Text>}
    </Stack>
  );
}

const other = (t: (key: string) => string) => (name: string) => (name === "other" ? t("siteData.other") : name);

interface BarsProps {
  title: string;
  groups: Readonly<Record<string, number>>;
  sorted?: boolean;
  name: (key: string) => string;
}

function Bars({ title, groups, sorted = false, name }: BarsProps) {
  const rows = Object.entries(groups);
  if (rows.length === 0) return null;
  if (sorted) rows.sort(([a], [b]) => (Number.isNaN(Number(a)) ? 1 : Number.isNaN(Number(b)) ? -1 : Number(a) - Number(b)));
  const most = Math.max(...rows.map(([, count]) => count), 1);
  return (
    <div>
      <Text fw={600} size="sm" mb={6}>{title}</Text>
      <ul className="row-list" aria-label={title}>
        {rows.map(([key, count]) => (
          <li key={key} style={{ padding: "4px 0", border: "none" }}>
            <div style={{ display: "flex", justifyContent: "space-between", gap: 12, fontSize: 13.5 }}><span style={{ overflowWrap: "anywhere" }}>{name(key)}</span><span className="num">{formatCount(count)}</span></div>
            <div aria-hidden="true" style={{ height: 6, borderRadius: 3, background: "var(--tone-neutral-bg)" }}><div style={{ height: 6, borderRadius: 3, width: `${(100 * count) / most}%`, background: "var(--mantine-primary-color-filled)" }} /></div>
          </li>
        ))}
      </ul>
    </div>
  );
}
