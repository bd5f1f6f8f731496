/** One session as this site lives it: phase, curve, held updates, receipts, withdrawal. */
import { Grid, Group, Progress, Stack, Text } from "@mantine/core";
import { IconBan, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { formatBytes, formatDuration, formatNumber } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { ConfirmDialog } from "@shared/ui/ConfirmDialog";
import { LossChart, type ChartPoint } from "@shared/ui/LossChart";
import { Card, Facts } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";
import { useNow } from "@shared/ui/useNow";

import type { SiteSession, SiteSessionSummary } from "@app/api/schemas";
import { usePause, useSession, useWithdraw } from "@app/features/sessions/api/useSessions";
import { HeldUpdate } from "@app/features/sessions/components/HeldUpdate";
import { Receipts } from "@app/features/sessions/components/Receipts";
import { heldRounds, isActive, secondsLeft, secondsToDeadline } from "@app/features/sessions/components/rounds";
import { RoundsToggle } from "@app/features/sessions/components/RoundsToggle";
import { PhaseChip, SessionChip } from "@app/features/sessions/components/states";

/** `opened`: its rounds are read at once; else when somebody asks for them. */
export function SessionCard({ session, opened }: { session: SiteSessionSummary; opened: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(opened);
  const [withdrawing, setWithdrawing] = useState(false);
  const withdraw = useWithdraw(session.id);
  const active = isActive(session);
  const pause = usePause(session.id);
  const pauseButton = (active || session.paused) && (
    <ActButton size="xs" variant="default" leftSection={session.paused ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />} loading={pause.isPending} onClick={() => pause.mutate(!session.paused)}>{t(session.paused ? "pause.resume" : "pause.pause")}</ActButton>
  );
  const withdrawButton = active && (
    <ActButton size="xs" variant="light" color="red" leftSection={<IconBan size={15} />} onClick={() => setWithdrawing(true)}>{t("training.withdraw")}</ActButton>
  );
  return (
    <Card title={session.title} note={t("training.roundOf", { round: session.round, of: session.rounds_planned })} aside={<Group gap="xs"><SessionChip session={session} /><RoundsToggle title={session.title} open={open} onToggle={setOpen} />{pauseButton}{withdrawButton}</Group>}>
      <Stack gap="lg">
        {session.paused && active && <div role="status"><Notice tone="warning" title={t("pause.title")}>{t("pause.text")}</Notice></div>}
        {pause.isError && <Problem error={pause.error} />}
        {heldRounds(session).map((round) => <HeldUpdate key={round} session={session} round={round} />)}
        {open ? <Opened session={session} /> : <Now session={session} />}
      </Stack>
      <ConfirmDialog opened={withdrawing} title={t("training.withdrawTitle", { title: session.title })} lead={t("training.withdrawLead")}
        consequences={[t("training.withdrawOne"), t("training.withdrawTwo", { bytes: formatBytes(session.bytes_sent) }), t("training.withdrawThree")]}
        confirm={t("training.withdrawConfirm")} busy={withdraw.isPending} error={withdraw.error} onClose={() => setWithdrawing(false)}
        onConfirm={() => withdraw.mutate("", { onSuccess: () => setWithdrawing(false) })} />
    </Card>
  );
}

function Opened({ session }: { session: SiteSessionSummary }) {
  const { t } = useTranslation();
  const whole = useSession(session.id);
  return (
    <>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 4 }}><Now session={session} /></Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}><Resource query={whole} label={t("receipts.loading")}>{(one) => <Curve session={one} />}</Resource></Grid.Col>
      </Grid>
      {whole.data !== undefined && <Receipts session={whole.data} />}
    </>
  );
}

function Now({ session }: { session: SiteSessionSummary }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const round = session.latest_round;
  const left = session.paused ? null : secondsLeft(session, now);
  const deadline = secondsToDeadline(session, now);
  const percent = Math.round((round?.fraction ?? 0) * 100);
  return (
    <Stack gap="md">
      {round !== null && (
        <div>
          <Group justify="space-between"><PhaseChip phase={round.phase} /><Text size="sm" fw={600} className="num">{percent} %</Text></Group>
          <Progress mt={8} size={8} value={percent} aria-label={t("training.progress")} />
          {round.code !== null && <Text mt={6} size="sm" c={round.phase === "waiting" ? "var(--tone-warning)" : "var(--tone-danger)"}>{t(`reason.${round.code}`, { defaultValue: round.code })}</Text>}
        </div>
      )}
      <Facts items={[
        [t("training.lossNow"), formatNumber(round?.loss)],
        ...(left === null ? [] : [[t("training.left"), formatDuration(left)] as const]),
        ...(deadline === null ? [] : [[t("training.deadline"), formatDuration(deadline)] as const]),
        [t("training.studies"), session.studies],
        [t("training.sent"), formatBytes(session.bytes_sent)],
        ...(session.reason === "" ? [] : [[t("training.reason"), t(`reason.${session.reason}`, { defaultValue: session.reason })] as const]),
      ]} />
    </Stack>
  );
}

/** The running round's own curve where it has one, else the last loss of each round. */
function Curve({ session }: { session: SiteSession }) {
  const { t } = useTranslation();
  const points = useMemo<ChartPoint[]>(() => {
    const done = [...session.rounds].sort((a, b) => a.round - b.round).flatMap(({ losses }) => losses);
    return done.map((loss, index) => ({ round: index + 1, values: { loss } }));
  }, [session.rounds]);
  const lines = useMemo(() => [{ key: "loss", label: t("training.loss"), color: "var(--mantine-primary-color-filled)" }], [t]);
  if (points.length < 2) return <Text size="sm" c="dimmed">{t("training.noCurve")}</Text>;
  return <div><Text size="sm" c="dimmed" mb={6}>{t("training.lossCurve")}</Text><LossChart height={220} label={t("training.lossCurve")} xLabel={t("training.pass")} lines={lines} points={points} /></div>;
}
