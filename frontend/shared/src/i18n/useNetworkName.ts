/** Networks by the name people know them by; one that is unknown here keeps its own. */
import { useTranslation } from "react-i18next";

export function useNetworkName(): (network: string) => string {
  const { t } = useTranslation("shared");
  return (network) => t(`network.${network}`, { defaultValue: network });
}
