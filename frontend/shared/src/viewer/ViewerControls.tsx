/** Window and colour map. */
import { Group, RangeSlider, SegmentedControl, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { COLOUR_MAPS, type ColourMap } from "@shared/viewer/colormap";

interface ViewerControlsProps {
  /** Percent of the value range, low and high. */
  range: [number, number];
  onRange: (range: [number, number]) => void;
  map: ColourMap;
  onMap: (map: ColourMap) => void;
}

const isMap = (value: string): value is ColourMap => COLOUR_MAPS.some((map) => map === value);

export function ViewerControls({ range, onRange, map, onMap }: ViewerControlsProps) {
  const { t } = useTranslation("shared");
  return (
    <Group gap="lg" mt="sm" align="center">
      <Group gap="sm" style={{ flex: "1 1 220px" }} wrap="nowrap">
        <Text size="sm" c="dimmed">{t("viewer.window")}</Text>
        <RangeSlider style={{ flex: 1 }} size="sm" min={0} max={100} minRange={2} value={range} onChange={onRange} label={(value) => `${value} %`}
          thumbFromLabel={t("viewer.windowLow")} thumbToLabel={t("viewer.windowHigh")} />
      </Group>
      <SegmentedControl size="xs" value={map} aria-label={t("viewer.colours")} onChange={(value) => { if (isMap(value)) onMap(value); }}
        data={COLOUR_MAPS.map((value) => ({ value, label: t(`viewer.map.${value}`) }))} />
    </Group>
  );
}
