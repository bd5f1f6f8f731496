/** What a data set will take: time, disk, memory. */
import { Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { formatBytes, formatDuration } from "@shared/format/format";
import { Notice } from "@shared/ui/Chip";
import { Facts } from "@shared/ui/Page";

import type { components } from "@app/api/schema";

export function EstimateFacts({ found }: { found: components["schemas"]["EstimateView"] }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      <div role="status" style={{ width: "100%" }}>
        <Facts grid items={[
          [t("lab.studies"), t("lab.makeForm.studiesMade", { count: found.studies })],
          [t("lab.makeForm.time"), formatDuration(found.wall_s)],
          [t("lab.makeForm.disk"), `${formatBytes(found.bytes)} (${t("lab.makeForm.free", { size: formatBytes(found.free_bytes) })})`],
          [t("lab.makeForm.memory"), formatBytes(found.memory_bytes)],
        ]} />
      </div>
      {!found.fits && <Notice tone="danger" title={t("lab.makeForm.tooLarge")} />}
    </Stack>
  );
}
