/** Shows the left ventricle's long axis by two places of the viewer's cursor, where the study does not tell it. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActButton } from "@shared/accounts/ActButton";
import { Problem } from "@shared/ui/states";

import type { ReconstructionDetails } from "@app/api/schemas.results";
import { useHeartAxis } from "@app/features/reconstructions/api/useReconstructions";

export type Voxel = NonNullable<ReconstructionDetails["axis"]>["apex"];

interface HeartAxisFormProps {
  id: string;
  /** What was shown before. */
  axis: ReconstructionDetails["axis"];
  /** Where the cursor is; null while nobody has moved it. */
  voxel: Voxel | null;
}

/** As the viewer counts, from 1 and right to left first. */
const words = ({ z, y, x }: Voxel) => [x, y, z].map((at) => at + 1).join(", ");

export function HeartAxisForm({ id, axis, voxel }: HeartAxisFormProps) {
  const { t } = useTranslation();
  const [apex, setApex] = useState<Voxel | null>(axis?.apex ?? null);
  const [base, setBase] = useState<Voxel | null>(axis?.base ?? null);
  const make = useHeartAxis(id);
  const place = (name: "apex" | "base", known: Voxel | null, set: (at: Voxel) => void) => (
    <div>
      <Button variant="default" size="xs" disabled={voxel === null} leftSection={known === null ? undefined : <IconCheck size={15} aria-hidden="true" />} onClick={() => { if (voxel !== null) set(voxel); }}>{t(`axis.${name}`)}</Button>
      <Text size="xs" c="dimmed" mt={4} role="status">{known === null ? t(`axis.${name}Where`) : t("axis.at", { voxel: words(known) })}</Text>
    </div>
  );
  return (
    <Stack gap="xs" mb={axis === null ? 0 : "md"}>
      <Text size="sm">{t(axis === null ? "axis.none" : "axis.shown")}</Text>
      <Group gap="lg" align="flex-start">
        {place("apex", apex, setApex)}
        {place("base", base, setBase)}
        <ActButton size="xs" loading={make.isPending} disabled={apex === null || base === null} onClick={() => { if (apex !== null && base !== null) make.mutate({ apex, base }); }}>{t(axis === null ? "axis.make" : "axis.again")}</ActButton>
      </Group>
      {voxel === null && axis === null && <Text size="xs" c="dimmed">{t("axis.move")}</Text>}
      {make.isError && <Problem error={make.error} />}
    </Stack>
  );
}
