/** Puts a new session together from what there is; `?sites=a,b` chooses sites, `?from=ID` takes an earlier session's settings. */
import { Anchor } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { formatDay } from "@shared/format/format";
import { translatedName } from "@shared/i18n/server";
import { useWhole } from "@shared/realtime/useLiveList";
import { Notice } from "@shared/ui/Chip";
import { Page } from "@shared/ui/Page";
import { Loading, Problem, Resource } from "@shared/ui/states";

import type { Session } from "@app/api/schemas";
import { useInitialiseModel, useModels, useUploadModel } from "@app/features/models/api/useModels";
import { SHIPPED_TASK } from "@app/features/models/components/AddModel";
import { useSession, useStrategies, useTasks } from "@app/features/sessions/api/useSessions";
import { draftFrom, initialDraft, type Catalogue } from "@app/features/sessions/wizard/draft";
import { Wizard } from "@app/features/sessions/wizard/Wizard";
import { useSites } from "@app/features/sites/api/useSites";

export function NewSessionPage() {
  const { t } = useTranslation();
  const { sites: chosen, from } = useSearch({ from: "/training/new" });
  const tasks = useTasks();
  const strategies = useStrategies();
  const models = useModels();
  const sites = useSites();
  const broken = [tasks, strategies, models, sites].find((query) => query.isError);
  const whole = useWhole(models, sites);
  const ready = whole && tasks.data && strategies.data && models.data && sites.data;
  const siteIds = chosen?.split(",");
  return (
    <Page title={t("wizard.heading")} intro={t("wizard.intro")} back={<Anchor size="sm" renderRoot={(props) => <Link to="/training" {...props} />}>← {t("nav.training")}</Anchor>}>
      {broken !== undefined && <Problem error={broken.error} onRetry={() => void broken.refetch()} />}
      {broken === undefined && !ready && <Loading label={t("wizard.loading")} />}
      {ready && from === undefined && <Filled catalogue={{ tasks: tasks.data, strategies: strategies.data, models: models.data, sites: sites.data }} siteIds={siteIds} />}
      {ready && from !== undefined && <Again key={from} id={from} catalogue={{ tasks: tasks.data, strategies: strategies.data, models: models.data, sites: sites.data }} siteIds={siteIds} />}
    </Page>
  );
}

interface FilledProps {
  catalogue: Catalogue;
  siteIds: readonly string[] | undefined;
  earlier?: Session;
}

function Again({ id, ...rest }: FilledProps & { id: string }) {
  const { t } = useTranslation();
  const session = useSession(id);
  return <Resource query={session} label={t("wizard.loading")}>{(earlier) => <Filled {...rest} earlier={earlier} />}</Resource>;
}

function Filled({ catalogue, siteIds, earlier }: FilledProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const upload = useUploadModel();
  const initialise = useInitialiseModel();
  const shipped = (name: string) => initialise.mutateAsync({ name, task: SHIPPED_TASK, seed: 0, shipped: "default", terms: "" });
  const titleOf = (task: string) => t("plan.usualTitle", { task: translatedName("task", task, catalogue.tasks.find(({ name }) => name === task)?.title ?? task), date: formatDay(new Date().toISOString()) });
  const taken = earlier === undefined ? null : draftFrom(earlier, catalogue);
  const gone = taken === null ? [] : [...(taken.hasModel ? [] : [t("wizard.steps.model")]), ...taken.gone];
  return (
    <>
      {earlier !== undefined && (
        <Notice tone="info" title={t("plan.from", { title: earlier.title })}>{t("plan.fromNote")} {gone.length > 0 && t("plan.fromGone", { what: gone.join(", ") })}</Notice>
      )}
      <Wizard catalogue={catalogue} begin={taken?.draft ?? initialDraft(catalogue, siteIds)} titleOf={titleOf} shippedTask={SHIPPED_TASK} onShipped={shipped} onUpload={upload.mutateAsync}
        onCreated={(session) => void navigate({ to: "/training/$sessionId", params: { sessionId: session.id } })} />
    </>
  );
}
