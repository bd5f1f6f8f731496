/** The relation to the orchestrator in a word. */
import { IconLink, IconLinkOff, IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Chip, type Tone } from "@shared/ui/Chip";

import type { Connection } from "@app/api/schemas";

const LOOKS: Record<Connection["state"], { tone: Tone; icon?: typeof IconLink }> = {
  not_enrolled: { tone: "neutral", icon: IconLinkOff },
  pending: { tone: "warning" },
  connected: { tone: "success", icon: IconLink },
  reconnecting: { tone: "warning", icon: IconPlugConnectedX },
  refused: { tone: "danger" },
  suspended: { tone: "warning" },
  revoked: { tone: "danger" },
  protocol_mismatch: { tone: "danger" },
};

export function ConnectionChip({ state }: { state: Connection["state"] }) {
  const { t } = useTranslation();
  return <span role="status"><Chip {...LOOKS[state]}>{t(`connection.${state}`)}</Chip></span>;
}
