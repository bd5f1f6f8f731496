/** A new session in seven steps; the last one says what still stands in the way. */
import { Button, Group, Stepper, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft, IconArrowRight, IconSend } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Notice } from "@shared/ui/Chip";
import { Problem } from "@shared/ui/states";

import type { Model, Session } from "@app/api/schemas";
import { useCreateSession } from "@app/features/sessions/api/useSessions";
import { initialDraft, obstacles, toRequest, type Catalogue, type Draft } from "@app/features/sessions/wizard/draft";
import { RoundsStep, StrategyStep } from "@app/features/sessions/wizard/laterSteps";
import { ModelStep } from "@app/features/sessions/wizard/ModelStep";
import { PrivacyStep } from "@app/features/sessions/wizard/PrivacyStep";
import { SitesStep, TaskStep, type ModelFile } from "@app/features/sessions/wizard/steps";
import { SummaryStep } from "@app/features/sessions/wizard/SummaryStep";

const STEPS = ["task", "model", "sites", "strategy", "rounds", "privacy", "summary"] as const;
const VIEWS = [TaskStep, ModelStep, SitesStep, StrategyStep, RoundsStep, PrivacyStep, SummaryStep] as const;

interface WizardProps {
  catalogue: Catalogue;
  /** What to begin with, where somebody comes from an earlier session or with sites chosen. */
  begin?: Draft | undefined;
  /** The title that a session of a task has until somebody writes another. */
  titleOf: (task: string) => string;
  shippedTask: string;
  onShipped: (name: string) => Promise<Model>;
  onUpload: (file: ModelFile) => Promise<Model>;
  onCreated: (session: Session) => void;
}

export function Wizard({ catalogue, begin, titleOf, shippedTask, onShipped, onUpload, onCreated }: WizardProps) {
  const { t } = useTranslation();
  const wide = useMediaQuery("(min-width: 62em)", true);
  const [step, setStep] = useState(0);
  const titled = (draft: Draft) => (draft.title === "" ? { ...draft, title: titleOf(draft.task) } : draft);
  const [draft, setDraft] = useState(() => titled(begin ?? initialDraft(catalogue)));
  const change = (next: Draft) => setDraft(next.task !== draft.task && next.title === titleOf(draft.task) ? { ...next, title: titleOf(next.task) } : next);
  const choose = (model: Model) => setDraft((now) => (now.task === model.task ? { ...now, modelId: model.id } : now));
  const shipped = useMutation({ mutationFn: onShipped, onSuccess: choose });
  const upload = useMutation({ mutationFn: onUpload, onSuccess: choose });
  const create = useCreateSession();
  const open = obstacles(draft, catalogue);
  const last = step === STEPS.length - 1;
  const View = VIEWS[step] ?? TaskStep;
  return (
    <div className="card">
      {wide ? (
        <Stepper active={step} onStepClick={setStep} size="xs" iconSize={30} mb="lg">
          {STEPS.map((name) => <Stepper.Step key={name} label={t(`wizard.steps.${name}`)} />)}
        </Stepper>
      ) : (
        <Text fw={650} mb="md" aria-live="polite">{t("wizard.stepOf", { step: step + 1, of: STEPS.length, name: t(`wizard.steps.${STEPS[step] ?? "task"}`) })}</Text>
      )}
      <section aria-label={t(`wizard.steps.${STEPS[step] ?? "task"}`)}>
        <View draft={draft} catalogue={catalogue} onChange={change} shippedTask={shippedTask} shipped={shipped} upload={upload} />
      </section>
      {last && open.length > 0 && (
        <div style={{ marginTop: 16 }}>
          <Notice tone="warning" title={t("wizard.cannot")}>
            <ul style={{ margin: "4px 0 0", paddingLeft: 18 }}>
              {open.map(({ what, step: where }) => (
                <li key={what}>
                  {t(`wizard.obstacle.${what}`)} <Button variant="transparent" size="compact-sm" c="inherit" td="underline" onClick={() => setStep(where)}>{t("wizard.goThere", { step: t(`wizard.steps.${STEPS[where] ?? "task"}`) })}</Button>
                </li>
              ))}
            </ul>
          </Notice>
        </div>
      )}
      {create.isError && <div style={{ marginTop: 16 }}><Problem error={create.error} /></div>}
      <Group justify="space-between" mt="lg">
        <Button variant="default" leftSection={<IconArrowLeft size={16} />} disabled={step === 0} onClick={() => setStep(step - 1)}>{t("wizard.back")}</Button>
        {last ? (
          <ActButton leftSection={<IconSend size={17} />} disabled={open.length > 0} loading={create.isPending} onClick={() => create.mutate(toRequest(draft), { onSuccess: onCreated })}>{t("wizard.send")}</ActButton>
        ) : (
          <Button rightSection={<IconArrowRight size={16} />} onClick={() => setStep(step + 1)}>{t("wizard.next")}</Button>
        )}
      </Group>
    </div>
  );
}
