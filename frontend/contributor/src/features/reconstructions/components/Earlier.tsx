/** Reconstructions made before, to be shown again. */
import { Button, Group, Text } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Chip } from "@shared/ui/Chip";
import { Card } from "@shared/ui/Page";
import { Ago } from "@shared/ui/Time";

import type { Reconstruction } from "@app/api/schemas";

interface EarlierProps {
  made: readonly Reconstruction[];
  shown: string | undefined;
  names: (made: Reconstruction) => { study: string; model: string };
  onShow: (id: string) => void;
}

export function Earlier({ made, shown, names, onShow }: EarlierProps) {
  const { t } = useTranslation();
  return (
    <Card title={t("recon.before")}>
      <ul className="row-list" aria-label={t("recon.before")} style={{ maxHeight: 320, overflowY: "auto" }}>
        {made.map((one) => {
          const { study, model } = names(one);
          return (
            <li key={one.id}>
              <Group justify="space-between" wrap="nowrap" gap="sm">
                <div style={{ minWidth: 0 }}>
                  <Text size="sm" fw={600} truncate>{study}</Text>
                  <Text size="xs" c="dimmed">{t("recon.by", { model })} · <Ago at={one.created_at} /></Text>
                </div>
                {one.id === shown ? <Chip tone="info" icon={IconEye}>{t("recon.shownNow")}</Chip> : <Button size="xs" variant="default" aria-label={t("recon.showOf", { study, model })} onClick={() => onShow(one.id)}>{t("recon.show")}</Button>}
              </Group>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
