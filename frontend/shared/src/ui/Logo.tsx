/** The mark: a ring of detector heads around what they look at. */
const HEADS = Array.from({ length: 12 }, (_, index) => index * 30);

export function Logo({ size = 30 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" style={{ flex: "none" }} fill="var(--mantine-primary-color-filled)">
      {HEADS.map((angle) => (
        <rect key={angle} x="29" y="3" width="6" height="11" rx="2" transform={`rotate(${angle} 32 32)`} />
      ))}
      <circle cx="32" cy="32" r="8" />
    </svg>
  );
}
