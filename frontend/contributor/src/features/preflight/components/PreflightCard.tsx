/** The check: one line for each thing that was looked at, with its remedy; can be repeated. */
import { Group, Loader, Stack, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleMinus, IconCircleX, IconAlertTriangle, IconStethoscope } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Empty, Problem, Resource } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import type { Preflight, PreflightLine } from "@app/api/schemas.network";
import { usePreflight, useStartPreflight } from "@app/features/preflight/api/usePreflight";
import { wording } from "@app/i18n/wording";

const ICONS = { green: IconCircleCheck, amber: IconAlertTriangle, red: IconCircleX, skipped: IconCircleMinus } as const;
const COLORS = { green: "var(--tone-success)", amber: "var(--tone-warning)", red: "var(--tone-danger)", skipped: "var(--muted)" } as const;

export function PreflightCard({ invitation = "" }: { invitation?: string }) {
  const { t } = useTranslation();
  const check = usePreflight();
  const start = useStartPreflight();
  const running = start.isPending || check.data?.state === "running";
  return (
    <Card title={t("preflight.title")} note={t("preflight.note")}
      aside={<ActButton variant={check.data?.state === "never" ? "filled" : "default"} loading={running} onClick={() => start.mutate(invitation)}>{t(check.data?.state === "done" ? "preflight.again" : "preflight.start")}</ActButton>}>
      {start.isError && <Problem error={start.error} />}
      <Resource query={check} label={t("preflight.loading")}>
        {(view) => (view.state === "never" ? <Empty plain icon={IconStethoscope} title={t("preflight.emptyTitle")}>{t("preflight.empty")}</Empty> : <Result view={view} />)}
      </Resource>
    </Card>
  );
}

function Result({ view }: { view: Preflight }) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      {view.state === "done" && <Verdict view={view} />}
      <ul className="row-list" aria-label={t("preflight.lines")}>
        {view.lines.map((line) => <Line key={line.check} line={line} />)}
      </ul>
      {view.state === "running" && <Group gap="sm" role="status"><Loader size={18} aria-hidden="true" /><Text size="sm" c="dimmed">{t(view.lines.some(({ check }) => check === "memory") ? "preflight.training" : "preflight.running")}</Text></Group>}
      {view.ended_at !== null && <Text size="xs" c="dimmed">{t("preflight.checked")} <Ago at={view.ended_at} />{view.of === "" ? "" : ` · ${view.of}`}</Text>}
    </Stack>
  );
}

function Verdict({ view }: { view: Preflight }) {
  const { t } = useTranslation();
  const count = (level: PreflightLine["level"]) => view.lines.filter((line) => line.level === level).length;
  const [red, amber] = [count("red"), count("amber")];
  if (red > 0) return <Notice live tone="danger" title={t("preflight.red", { count: red })}>{t("preflight.redNote")}</Notice>;
  if (amber > 0) return <Notice live tone="warning" title={t("preflight.amber", { count: amber })}>{t("preflight.amberNote")}</Notice>;
  return <Notice live tone="success" title={t(view.of === "" ? "preflight.greenAlone" : "preflight.green")} />;
}

function Line({ line }: { line: PreflightLine }) {
  const { t } = useTranslation();
  const Symbol = ICONS[line.level];
  const { text, remedy } = wording(line);
  return (
    <li>
      <div style={{ display: "flex", gap: 12, alignItems: "flex-start" }}>
        <Symbol size={20} color={COLORS[line.level]} style={{ flex: "none", marginTop: 1 }} role="img" aria-label={t(`preflight.level.${line.level}`)} />
        <div style={{ minWidth: 0, flex: 1 }}>
          <Text size="sm" fw={600}>{t(`preflight.check.${line.check}`)}</Text>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>{text}</Text>
          {remedy !== "" && <Text size="sm" mt={2} style={{ overflowWrap: "anywhere" }}><b>{t("preflight.todo")}</b> {remedy}</Text>}
        </div>
      </div>
    </li>
  );
}
