/** The value of a volume under the crosshair, with its interval. */
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatNumber } from "@shared/format/format";
import type { NamedVolume } from "@shared/viewer/VolumeViewer";
import { valueOf, voxelAt, type Cursor } from "@shared/viewer/volume";

export function reading({ volume, halfWidth }: NamedVolume, cursor: Cursor): string {
  const value = formatNumber(valueOf(volume, voxelAt(volume, cursor)));
  return halfWidth === undefined ? value : `${value} ± ${formatNumber(valueOf(halfWidth, voxelAt(halfWidth, cursor)))}`;
}

/** The element's own value has all digits. */
export function Reading({ entry, cursor }: { entry: NamedVolume; cursor: Cursor }) {
  const { t } = useTranslation("shared");
  return (
    <Text size="sm" mt={2} className="num">
      <Text span size="xs" c="dimmed">{t("viewer.value")} </Text>
      <data value={String(valueOf(entry.volume, voxelAt(entry.volume, cursor)))}>{reading(entry, cursor)}</data>
    </Text>
  );
}
