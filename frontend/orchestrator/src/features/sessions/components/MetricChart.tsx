/** A metric by round for every site and for all together; which metric is chosen here. */
import { ActionIcon, Select, SegmentedControl, Text } from "@mantine/core";
import { IconChartLine, IconPhotoDown } from "@tabler/icons-react";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { saveChartPicture } from "@shared/format/chartPicture";
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
  const drawn = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  const save = () => {
    if (drawn.current === null) return;
    const seen = lines.filter((line) => points.some((point) => typeof point.values[line.key] === "number"));
    void saveChartPicture(drawn.current, `${session.id}-${key}.png`, `${session.title}: ${title(key)}`, seen).then(() => setFailed(false), () => setFailed(true));
  };
  return (
    <Card
      title={t("session.byRound")}
      note={key === "train_loss" ? t("session.trainLossNote") : t("session.scoreNote")}
      aside={points.length > 0 &&
        <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
          <Select size="xs" w={230} aria-label={t("session.metric")} allowDeselect={false} value={key} data={keys.map((name) => ({ value: name, label: title(name) }))} onChange={(value) => setChosen(value ?? key)} />
          <SegmentedControl size="xs" aria-label={t("session.lines")} value={who} onChange={setWho} data={[{ value: "sites", label: t("session.perSite") }, { value: "all", label: t("session.combined") }]} />
          <ActionIcon variant="default" size={30} aria-label={t("change.png")} title={t("change.png")} onClick={save}><IconPhotoDown size={17} /></ActionIcon>
        </div>
      }
    >
      {points.length === 0 ? (
        <Empty plain icon={IconChartLine} title={t("session.noPointsTitle")}>{t("session.noPoints")}</Empty>
      ) : (
        <div ref={drawn}><LossChart label={title(key)} xLabel={t("session.round")} lines={lines} points={points} /></div>
      )}
      {failed && <Text size="sm" c="var(--tone-danger)" role="alert">{t("change.pngFail")}</Text>}
    </Card>
  );
}
