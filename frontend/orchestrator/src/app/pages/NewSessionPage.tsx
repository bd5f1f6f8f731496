/** Puts a new session together from what there is. */
import { Anchor } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "@shared/ui/Page";
import { Loading, Problem } from "@shared/ui/states";

import { useModels } from "@app/features/models/api/useModels";
import { useStrategies, useTasks } from "@app/features/sessions/api/useSessions";
import { Wizard } from "@app/features/sessions/wizard/Wizard";
import { useSites } from "@app/features/sites/api/useSites";

export function NewSessionPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { sites: chosen } = useSearch({ from: "/training/new" });
  const tasks = useTasks();
  const strategies = useStrategies();
  const models = useModels();
  const sites = useSites();
  const broken = [tasks, strategies, models, sites].find((query) => query.isError);
  const ready = tasks.data && strategies.data && models.data && sites.data;
  return (
    <Page title={t("wizard.heading")} intro={t("wizard.intro")} back={<Anchor size="sm" renderRoot={(props) => <Link to="/training" {...props} />}>← {t("nav.training")}</Anchor>}>
      {broken !== undefined && <Problem error={broken.error} onRetry={() => void broken.refetch()} />}
      {broken === undefined && !ready && <Loading label={t("wizard.loading")} />}
      {ready && (
        <Wizard catalogue={{ tasks: tasks.data, strategies: strategies.data, models: models.data, sites: sites.data }}
          chosen={chosen?.split(",")} onCreated={(session) => void navigate({ to: "/training/$sessionId", params: { sessionId: session.id } })} />
      )}
    </Page>
  );
}
