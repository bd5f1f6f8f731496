/** Why there is no line to the laboratory, or what came of leaving it, with what to do about it. */
import { Notice } from "@shared/ui/Chip";

import type { Connection } from "@app/api/schemas";
import { wording } from "@app/i18n/wording";

const TONES = { green: "success", amber: "warning", red: "danger", skipped: "info" } as const;

export function ConnectionFinding({ connection: { finding } }: { connection: Connection }) {
  if (finding === null) return null;
  const { text, remedy } = wording(finding);
  return <Notice live tone={TONES[finding.level]} title={text}>{remedy === "" ? undefined : remedy}</Notice>;
}
