/** A fingerprint that two people compare, each on their own screen. */
export function Fingerprint({ value, label, small = false }: { value: string; label: string; small?: boolean }) {
  return (
    <div className="fingerprint" data-size={small ? "sm" : undefined} role="group" aria-label={label}>
      {value}
    </div>
  );
}
