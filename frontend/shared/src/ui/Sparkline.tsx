/** The course of one number, small; the number itself stands beside it. */
const WIDTH = 84;
const HEIGHT = 36;

export function Sparkline({ values }: { values: readonly number[] }) {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values.map((value, index) => {
    const x = 2 + (index / Math.max(1, values.length - 1)) * (WIDTH - 4);
    return `${x.toFixed(1)},${(HEIGHT - 3 - ((value - low) / span) * (HEIGHT - 6)).toFixed(1)}`;
  });
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" style={{ flex: "0 1 84px", minWidth: 40, maxWidth: WIDTH }}>
      <polygon points={`2,${HEIGHT} ${points.join(" ")} ${WIDTH - 2},${HEIGHT}`} fill="var(--mantine-primary-color-filled)" opacity={0.13} />
      <polyline points={points.join(" ")} fill="none" stroke="var(--mantine-primary-color-filled)" strokeWidth={2} strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
