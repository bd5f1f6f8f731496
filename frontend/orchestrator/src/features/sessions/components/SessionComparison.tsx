/** Two or more sessions: curves over each other, the settings that differ, where each ended. */
import { Anchor, Select, Stack, Table, Text } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration, formatNumber } from "@shared/format/format";
import { translatedName } from "@shared/i18n/server";
import { Notice } from "@shared/ui/Chip";
import { LossChart } from "@shared/ui/LossChart";
import { Card } from "@shared/ui/Page";
import { ScrollTable } from "@shared/ui/ScrollTable";
import { Empty } from "@shared/ui/states";

import type { Session } from "@app/api/schemas";
import { compareLines, comparePoints, differences, labelOf, SETTINGS } from "@app/features/sessions/components/compare";
import { metricKeys, trend } from "@app/features/sessions/components/series";
import { SessionChip } from "@app/features/sessions/components/states";

interface SessionComparisonProps {
  sessions: readonly Session[];
  titles: Readonly<Record<string, string>>;
  /** Name of a model by its id. */
  modelName: (id: string) => string;
}

export function SessionComparison({ sessions, titles, modelName }: SessionComparisonProps) {
  const { t } = useTranslation();
  const keys = [...new Set(sessions.flatMap((session) => metricKeys(session.rounds)))];
  const [chosen, setChosen] = useState("train_loss");
  const key = keys.includes(chosen) ? chosen : (keys[0] ?? "train_loss");
  const title = (name: string) => (name === "train_loss" ? t("session.trainLoss") : (titles[name] ?? name));
  const points = comparePoints(sessions, key);
  const mixed = new Set(sessions.map((session) => session.task)).size > 1;
  return (
    <Stack gap="md">
      {mixed && <Notice tone="warning">{t("compare.mixed")}</Notice>}
      <Card title={t("compare.curves")} note={key === "train_loss" ? t("session.trainLossNote") : t("session.scoreNote")}
        aside={keys.length > 0 && <Select size="xs" w={230} aria-label={t("session.metric")} allowDeselect={false} value={key} data={keys.map((name) => ({ value: name, label: title(name) }))} onChange={(value) => setChosen(value ?? key)} />}>
        {points.length === 0 ? <Empty plain icon={IconChartLine} title={t("session.noPointsTitle")}>{t("compare.noRounds")}</Empty>
          : <LossChart label={title(key)} xLabel={t("session.round")} lines={compareLines(sessions)} points={points} />}
      </Card>
      <FinalTable sessions={sessions} keys={keys} title={title} />
      <SettingsTable sessions={sessions} modelName={modelName} />
    </Stack>
  );
}

function FinalTable({ sessions, keys, title }: { sessions: readonly Session[]; keys: readonly string[]; title: (key: string) => string }) {
  const { t } = useTranslation();
  return (
    <Card title={t("compare.final")}>
      <ScrollTable label={t("compare.final")}>
        <Table aria-label={t("compare.final")} verticalSpacing={8}>
          <Table.Thead>
            <Table.Tr>
              {(["session", "state", "rounds", "sites", "time"] as const).map((name) => <Table.Th key={name} scope="col">{t(`compare.${name}`)}</Table.Th>)}
              {keys.map((key) => <Table.Th key={key} scope="col">{title(key)}</Table.Th>)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sessions.map((session) => (
              <Table.Tr key={session.id}>
                <Table.Th scope="row" miw={180}><Anchor size="sm" fw={600} renderRoot={(props) => <Link to="/training/$sessionId" params={{ sessionId: session.id }} {...props} />}>{labelOf(session, sessions)}</Anchor></Table.Th>
                <Table.Td><SessionChip state={session.state} /></Table.Td>
                <Table.Td className="num">{t("sessions.roundsOf", { closed: session.rounds_closed, of: session.rounds_planned })}</Table.Td>
                <Table.Td className="num">{session.participations.filter((site) => site.rounds_contributed > 0).length}</Table.Td>
                <Table.Td className="num">{formatDuration(session.rounds.reduce((sum, round) => sum + (round.record?.total_s ?? 0), 0))}</Table.Td>
                {keys.map((key) => <Table.Td key={key} className="num">{formatNumber(trend(session.rounds, key).at(-1))}</Table.Td>)}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollTable>
    </Card>
  );
}

function SettingsTable({ sessions, modelName }: Pick<SessionComparisonProps, "sessions" | "modelName">) {
  const { t } = useTranslation();
  const rows = differences(sessions);
  const nameOf = (name: string) => (SETTINGS.some((known) => known === name) ? t(`compare.names.${name}`) : translatedName("parameter", name.replace("parameter:", ""), name.replace("parameter:", "").replaceAll("_", " ")));
  const shown = (name: string, value: string) => (name === "initial_model_id" ? modelName(value) : name === "task" ? t(`task.${value}`, { defaultValue: value }) : name === "max_update_norm" && value === "–" ? t("plan.normUsual") : value);
  return (
    <Card title={t("compare.settings")}>
      {rows.length === 0 ? <Text size="sm">{t("compare.settingsNone")}</Text> : (
        <ScrollTable label={t("compare.settings")}>
          <Table aria-label={t("compare.settings")} verticalSpacing={8}>
            <Table.Thead><Table.Tr><Table.Th scope="col">{t("compare.setting")}</Table.Th>{sessions.map((session) => <Table.Th key={session.id} scope="col">{labelOf(session, sessions)}</Table.Th>)}</Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map(({ name, values }) => (
                <Table.Tr key={name}><Table.Th scope="row">{nameOf(name)}</Table.Th>{values.map((value, index) => <Table.Td key={sessions[index]?.id ?? index}>{shown(name, value)}</Table.Td>)}</Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollTable>
      )}
    </Card>
  );
}
