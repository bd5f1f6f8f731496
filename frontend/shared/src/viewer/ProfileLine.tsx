/** The values of all volumes along a line through the crosshair. */
import { Button, Collapse, Group, SegmentedControl } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { LossChart, type ChartLine } from "@shared/ui/LossChart";
import type { NamedVolume } from "@shared/viewer/VolumeViewer";
import { AXES, profile, type Axis, type Cursor } from "@shared/viewer/volume";

const COLOURS = ["var(--site-1)", "var(--site-2)", "var(--site-4)", "var(--site-3)"] as const;
const DASHES = [undefined, undefined, "6 4", "2 3"] as const;
const isAxis = (value: string): value is Axis => AXES.some((axis) => axis === value);

export function ProfileLine({ volumes, cursor }: { volumes: readonly NamedVolume[]; cursor: Cursor }) {
  const { t } = useTranslation("shared");
  const [open, setOpen] = useState(false);
  const [axis, setAxis] = useState<Axis>("x");
  const region = useId();
  const drawn = volumes.filter(({ difference }) => difference !== true);
  const lines: ChartLine[] = drawn.map(({ key, title }, place) => {
    const dash = DASHES[place];
    return { key, label: title, color: COLOURS[place] ?? COLOURS[0], ...(dash === undefined ? {} : { dash }) };
  });
  const values = open ? drawn.map(({ key, volume }) => [key, profile(volume, cursor, axis)] as const) : [];
  const length = Math.max(0, ...values.map(([, line]) => line.length));
  const points = Array.from({ length }, (_, index) => ({ round: index + 1, values: Object.fromEntries(values.map(([key, line]) => [key, line[index] ?? null])) }));
  return (
    <div style={{ marginTop: 12 }}>
      <Group gap="sm">
        <Button size="xs" variant="default" leftSection={<IconChartLine size={15} />} aria-expanded={open} aria-controls={region} onClick={() => setOpen(!open)}>{t("viewer.profile")}</Button>
        {open && <SegmentedControl size="xs" value={axis} aria-label={t("viewer.profileAlong")} onChange={(value) => { if (isAxis(value)) setAxis(value); }} data={AXES.map((value) => ({ value, label: t(`viewer.axis.${value}`) }))} />}
      </Group>
      <Collapse expanded={open} id={region} mt="sm">
        {open && <LossChart label={t("viewer.profile")} xLabel={t(`viewer.axisLabel.${axis}`)} lines={lines} points={points} height={220} />}
      </Collapse>
    </div>
  );
}
