/** One import: how far it is, what came of it, ending it and going on. */
import { Group, Progress, Stack, Text } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { asSentence, formatDuration } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";
import { Chip, Notice, type Tone } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Problem } from "@shared/ui/states";

import type { Import } from "@app/api/schemas.intake";
import { useCancelImport, useForgetImport, useResumeImport } from "@app/features/intake/api/useImports";
import { NotTaken } from "@app/features/intake/components/NotTaken";

const TONES: Record<Import["state"], Tone> = { receiving: "info", queued: "neutral", running: "info", done: "success", failed: "danger", cancelled: "neutral" };
const ACTIVE = new Set<Import["state"]>(["receiving", "queued", "running"]);

export function ImportCard({ one, name: at }: { one: Import; name: string }) {
  const { t } = useTranslation();
  return (
    <Card title={t("imports.title", { at })} note={one.folder === null ? t("imports.handed") : <span style={{ overflowWrap: "anywhere" }}>{t("imports.from", { folder: one.folder })}</span>}
      aside={<Chip tone={TONES[one.state]}>{t(`imports.state.${one.state}`)}</Chip>}>
      <Stack gap="sm">
        {ACTIVE.has(one.state) && <HowFar one={one} />}
        <Counts one={one} />
        {one.state === "failed" && <Stopped one={one} />}
        {one.state === "done" && one.added + one.duplicate + one.refused === 0 && <Notice tone="neutral" title={t("imports.nothing")}>{t("imports.nothingNote")}</Notice>}
        <Actions one={one} at={at} />
      </Stack>
    </Card>
  );
}

function HowFar({ one }: { one: Import }) {
  const { t } = useTranslation();
  if (one.total === null) {
    return (
      <div role="status">
        <Text size="sm" mb={4}>{t("imports.looking")}</Text>
        <Progress value={100} animated aria-label={t("imports.looking")} />
      </div>
    );
  }
  const done = one.total - one.waiting;
  const words = t("imports.progress", { done, of: one.total });
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" className="num">{words}</Text>
        {one.seconds_left !== null && <Text size="sm" c="dimmed">{t("imports.left", { span: formatDuration(Math.max(1, Math.round(one.seconds_left))) })}</Text>}
      </Group>
      <Progress value={one.total === 0 ? 0 : (100 * done) / one.total} aria-label={words} />
      <Text size="xs" c="dimmed" mt={4}>{t("imports.goesOn")}</Text>
    </div>
  );
}

function Counts({ one }: { one: Import }) {
  const { t } = useTranslation();
  const others = Object.values(one.left_out).reduce((sum, count) => sum + count, 0);
  return (
    <Group gap="md" aria-live="polite">
      {(one.added > 0 || one.state === "done") && <Text size="sm" fw={600}>{t("imports.added", { count: one.added })}</Text>}
      {one.duplicate > 0 && <Text size="sm" c="dimmed">{t("imports.duplicate", { count: one.duplicate })}</Text>}
      {one.refused > 0 && <Text size="sm" c="var(--tone-warning)">{t("imports.refused", { count: one.refused })}</Text>}
      {others > 0 && <Text size="sm" c="dimmed">{t("imports.leftOut", { count: others })}</Text>}
    </Group>
  );
}

function Stopped({ one }: { one: Import }) {
  const { title, advice } = translatedProblem(one.code) ?? one;
  return <Notice tone="danger" title={title}>{one.detail !== "" && <div>{asSentence(one.detail)}</div>}{advice}</Notice>;
}

function Actions({ one, at }: { one: Import; at: string }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  const cancel = useCancelImport();
  const resume = useResumeImport();
  const forget = useForgetImport();
  const error = cancel.error ?? resume.error ?? forget.error;
  const others = one.refused + one.duplicate;
  return (
    <>
      <Group gap="xs">
        {ACTIVE.has(one.state) && <ActButton size="xs" variant="default" leftSection={<IconPlayerStop size={14} />} loading={cancel.isPending} onClick={() => cancel.mutate(one.id)}>{t("imports.cancel")}</ActButton>}
        {one.can_resume && <ActButton size="xs" leftSection={<IconPlayerPlay size={14} />} loading={resume.isPending} onClick={() => resume.mutate(one.id)}>{t("imports.resume")}</ActButton>}
        {others > 0 && <NotTaken.Toggle shown={shown} onToggle={() => setShown(!shown)} />}
        {!ACTIVE.has(one.state) && <ActButton size="xs" variant="subtle" color="gray" leftSection={<IconX size={14} />} aria-label={t("imports.forgetOf", { at })} loading={forget.isPending} onClick={() => forget.mutate(one.id)}>{t("imports.forget")}</ActButton>}
      </Group>
      {error !== null && <Problem error={error} />}
      {shown && others > 0 && <NotTaken one={one} />}
    </>
  );
}
