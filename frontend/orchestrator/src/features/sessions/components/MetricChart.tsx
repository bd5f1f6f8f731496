/** A metric by round for every site and for all together; which metric is chosen here. */
import { Select, SegmentedControl } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { LossChart } from "@shared/ui/LossChart";
import { Card } from "@shared/ui/Page";
import { Empty } from "@shared/ui/states";

import type { Session } from "@app/api/schemas";
import { ALL, chartLines, chartPoints, metricKeys } from "@app/features/sessions/components/series";

interface MetricChartProps {
  session: Session;
  titles: Readonly<Record<string, string>>;
}

export function MetricChart({ session, titles }: MetricChartProps) {
  const { t } = useTranslation();
  const { rounds } = session;
  const keys = useMemo(() => metricKeys(rounds), [rounds]);
  const names = JSON.stringify(session.participations.map(({ site_id, site_name }) => [site_id, site_name]));
  const [chosen, setChosen] = useState("train_loss");
  const [who, setWho] = useState("sites");
  const key = keys.includes(chosen) ? chosen : (keys[0] ?? "train_loss");
  const title = (name: string) => (name === "train_loss" ? t("session.trainLoss") : (titles[name] ?? name));
  const points = useMemo(() => chartPoints(rounds, key), [rounds, key]);
  const lines = useMemo(
    () => chartLines(session.participations, t("session.allSites")).filter((line) => who === "sites" || line.key === ALL),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- progress changes the participations, but not their names
    [names, t, who],
  );
  return (
    <Card
      title={t("session.byRound")}
      note={key === "train_loss" ? t("session.trainLossNote") : t("session.scoreNote")}
      aside={points.length > 0 &&
        <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
          <Select size="xs" w={230} aria-label={t("session.metric")} allowDeselect={false} value={key} data={keys.map((name) => ({ value: name, label: title(name) }))} onChange={(value) => setChosen(value ?? key)} />
          <SegmentedControl size="xs" aria-label={t("session.lines")} value={who} onChange={setWho} data={[{ value: "sites", label: t("session.perSite") }, { value: "all", label: t("session.combined") }]} />
        </div>
      }
    >
      {points.length === 0 ? (
        <Empty plain icon={IconChartLine} title={t("session.noPointsTitle")}>{t("session.noPoints")}</Empty>
      ) : (
        <LossChart label={title(key)} xLabel={t("session.round")} lines={lines} points={points} />
      )}
    </Card>
  );
}
