/** What the page shows for each state of the connection. */
import { Button, Group, Stack, Stepper, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Notice } from "@shared/ui/Chip";

import type { Connection } from "@app/api/schemas";
import { ConnectionFinding } from "@app/features/enrolment/components/ConnectionFinding";
import { CompareFingerprint } from "@app/features/enrolment/components/ConnectSteps";
import { GiveUp } from "@app/features/enrolment/components/GiveUp";
import { OpenInvitation, type Opened } from "@app/features/enrolment/components/OpenInvitation";
import { ReviewInvitation } from "@app/features/enrolment/components/ReviewInvitation";
import { detailOf } from "@app/features/enrolment/words";

const STEPS = ["open", "look", "compare", "done"] as const;

interface ConnectFlowProps {
  connection: Connection;
  /** What follows once this site is trusted. */
  next: ReactNode;
  /** The check of this computer, with an invitation or without. */
  check: (invitation: string) => ReactNode;
}

export function ConnectFlow({ connection, next, check }: ConnectFlowProps) {
  const { t } = useTranslation();
  const { state } = connection;
  if (state === "not_enrolled") return <Stack gap="lg" maw={820}><ConnectionFinding connection={connection} /><Joining check={check} /></Stack>;
  const trusted = state === "connected" || state === "reconnecting";
  return (
    <Stack gap="lg" maw={820}>
      <Steps step={trusted || state === "suspended" ? STEPS.length : state === "pending" ? 2 : 0} />
      {state === "pending" && <CompareFingerprint connection={connection} />}
      {state === "pending" && connection.detail !== "" && <CheckFirst>{check("")}</CheckFirst>}
      {trusted && <ConnectionFinding connection={connection} />}
      {trusted && <Notice live tone="success" title={t("connect.doneTitle", { orchestrator: connection.orchestrator ?? "" })} action={next}>{t("connect.done", { site: connection.site_name ?? "" })}</Notice>}
      {["refused", "suspended", "revoked", "protocol_mismatch"].includes(state) && <Ended connection={connection} />}
    </Stack>
  );
}

/** Open an invitation, then look at it; another one begins anew. */
function Joining({ check }: Pick<ConnectFlowProps, "check">) {
  const [opened, setOpened] = useState<Opened | null>(null);
  return (
    <Stack gap="lg">
      <Steps step={opened === null ? 0 : 1} />
      {opened === null ? <OpenInvitation onOpened={setOpened} /> : <ReviewInvitation opened={opened} onBack={() => setOpened(null)} />}
      <CheckFirst>{check(opened?.text ?? "")}</CheckFirst>
    </Stack>
  );
}

function Steps({ step }: { step: number }) {
  const { t } = useTranslation();
  const wide = useMediaQuery("(min-width: 48em)", true);
  const present = STEPS[Math.min(step, STEPS.length - 1)] ?? "done";
  if (!wide) return <Text size="sm" fw={600}>{t("connect.stepOf", { step: STEPS.indexOf(present) + 1, of: STEPS.length, name: t(`connect.steps.${present}`) })}</Text>;
  return (
    <Stepper active={step} size="xs" iconSize={30} allowNextStepsSelect={false}>
      {STEPS.map((name) => <Stepper.Step key={name} label={t(`connect.steps.${name}`)} allowStepSelect={false} />)}
    </Stepper>
  );
}

/** The check stays out of the way until somebody wants it. */
function CheckFirst({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  if (shown) return children;
  return (
    <Group gap="sm" justify="space-between">
      <Text size="sm" c="dimmed" style={{ flex: "1 1 260px" }}>{t("connect.checkNote")}</Text>
      <Button variant="default" size="xs" onClick={() => setShown(true)}>{t("preflight.open")}</Button>
    </Group>
  );
}

function Ended({ connection }: { connection: Connection }) {
  const { t } = useTranslation();
  return (
    <Notice live tone={connection.state === "suspended" ? "warning" : "danger"} title={t(`connect.ended.${connection.state}`)}
      action={connection.state === "protocol_mismatch" || connection.state === "suspended" ? undefined : <GiveUp what="again" size="xs" />}>
      {detailOf(connection) || t(`connect.endedAdvice.${connection.state}`)}
    </Notice>
  );
}
