/** One bar an hour: how much of it a site was online. */
import { useTranslation } from "react-i18next";

const STEP = 4;
const HEIGHT = 20;

/** `shares`: at least one, each 0 to 1. */
export function Uptime({ shares }: { shares: readonly number[] }) {
  const { t } = useTranslation();
  const percent = Math.round((100 * shares.reduce((sum, share) => sum + share, 0)) / shares.length);
  const width = shares.length * STEP;
  return (
    <svg viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} role="img" aria-label={t("uptime.label", { percent })}>
      <title>{t("uptime.label", { percent })}</title>
      {shares.map((share, hour) => {
        const tall = share > 0 ? Math.max(3, share * HEIGHT) : 2;
        return <rect key={hour} x={hour * STEP} y={HEIGHT - tall} width={STEP - 1} height={tall} rx={1} fill={share > 0 ? "var(--tone-success)" : "var(--line)"} />;
      })}
    </svg>
  );
}
