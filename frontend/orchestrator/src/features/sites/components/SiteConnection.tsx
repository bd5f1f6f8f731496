/** The way from a site to here, step by step: how it is, when it last worked, what helps. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Chip, type Tone } from "@shared/ui/Chip";
import { Resource } from "@shared/ui/states";
import { Ago } from "@shared/ui/Time";

import { useSiteDiagnosis, type ConnectionCheck } from "@app/features/sites/api/useSiteDetails";

const TONES: Record<ConnectionCheck["level"], Tone> = { good: "success", warning: "warning", bad: "danger" };

export function SiteConnection({ id }: { id: string }) {
  const { t } = useTranslation();
  const diagnosis = useSiteDiagnosis(id);
  return (
    <Resource query={diagnosis} label={t("way.loading")}>
      {({ checks }) => (
        <ul className="row-list" aria-label={t("way.title")}>
          {checks.map((check) => (
            <li key={check.step}>
              <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
                <div style={{ minWidth: 0 }}>
                  <Text fw={600}>{t(`way.step.${check.step}`)}</Text>
                  <Text size="sm" c="dimmed">{t(`way.note.${check.step}`)}</Text>
                  {check.code !== "good" && <Text size="sm" mt={2}>{t(`way.remedy.${check.code}`)}</Text>}
                  {check.code !== "good" && check.seen !== null && <Text size="xs" c="dimmed">{t("way.seen")} <Ago at={check.seen} /></Text>}
                </div>
                <Chip tone={TONES[check.level]}>{t(`way.level.${check.level}`)}</Chip>
              </Group>
            </li>
          ))}
        </ul>
      )}
    </Resource>
  );
}
