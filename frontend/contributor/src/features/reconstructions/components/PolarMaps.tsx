/** The polar maps of all images beside each other. */
import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { formatFixed } from "@shared/format/format";
import { Card } from "@shared/ui/Page";
import { PolarMap } from "@shared/viewer/PolarMap";

import type { ReconstructionDetails } from "@app/api/schemas.results";

const ORDER = ["osem", "model", "reference"] as const;

/** `axis` is the form for a heart that the study does not tell. */
export function PolarMaps({ details, axis }: { details: ReconstructionDetails; axis: ReactNode }) {
  const { t } = useTranslation();
  const { segments } = details;
  const there = ORDER.filter((name) => segments[name] !== undefined);
  const widths = (segments["half_width"] ?? []).filter((width) => width !== null);
  return (
    <Card title={t("recon.polar")} note={there.length === 0 ? undefined : t(details.axis === null ? "recon.polarNote" : "axis.note")}>
      {(there.length === 0 || details.axis !== null) && axis}
      <div className="polar-maps">
        {there.map((name) => <PolarMap key={name} title={t(`recon.array.${name}`)} segments={segments[name] ?? []} halfWidth={name === "model" ? segments["half_width"] : undefined} />)}
      </div>
      {widths.length > 0 && <Text size="xs" c="dimmed" mt="sm">{t("recon.polarWidth", { low: formatFixed(Math.min(...widths), 1), high: formatFixed(Math.max(...widths), 1) })}</Text>}
    </Card>
  );
}
