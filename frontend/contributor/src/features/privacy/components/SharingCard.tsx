/** The permission to tell the laboratory how the studies are spread, and what it learns by it. */
import { Stack, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useMe } from "@shared/accounts/api";
import { formatCount } from "@shared/format/format";
import { Card, Facts } from "@shared/ui/Page";
import { Problem, Resource } from "@shared/ui/states";

import type { System } from "@app/api/schemas";
import { useSetSharing, useSharing } from "@app/features/privacy/api/useSharing";

export function SharingCard({ summary }: { summary: System["shared_summary"] }) {
  const { t } = useTranslation();
  const sharing = useSharing();
  const change = useSetSharing();
  const mayAct = useMe().data?.can_act ?? true;
  return (
    <Card title={t("sharing.title")} note={t("sharing.note")}>
      <Resource query={sharing} label={t("sharing.loading")}>
        {({ distributions }) => (
          <Stack gap="sm">
            <Switch label={t("sharing.permit")} description={t("sharing.permitNote")} checked={change.isPending ? change.variables : distributions} disabled={!mayAct} onChange={(event) => change.mutate(event.currentTarget.checked)} />
            {change.isError && <Problem error={change.error} />}
            {summary.distributions && <Told spread={summary.distributions} />}
          </Stack>
        )}
      </Resource>
    </Card>
  );
}

function Told({ spread }: { spread: NonNullable<System["shared_summary"]["distributions"]> }) {
  const { t } = useTranslation();
  const words = (groups: Readonly<Record<string, number>> | undefined, name: (key: string) => string) => Object.entries(groups ?? {}).map(([key, count]) => `${key === "other" ? t("sharing.other") : name(key)}: ${formatCount(count)}`).join(" · ") || "–";
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>{t("sharing.told")}</Text>
      <Facts items={[
        [t("sharing.kinds"), words(spread.kinds, (kind) => kind)],
        [t("sharing.cameras"), words(spread.cameras, (camera) => camera)],
        [t("sharing.counts"), words(spread.counts, (from) => t("sharing.from", { counts: formatCount(Number(from)) }))],
        [t("sharing.warned"), (spread.warned ?? 0) === 0 ? t("sharing.few") : formatCount(spread.warned)],
      ]} />
    </div>
  );
}
