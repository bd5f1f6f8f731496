/** The times at which a request may come back. */
const HOUR_MS = 3_600_000;
const CHOICES: Readonly<Record<string, number>> = { hour: HOUR_MS, evening: 8 * HOUR_MS, day: 24 * HOUR_MS };

/** The choices that lie before the answer is due. */
export function offered(due: string, now: Date): string[] {
  return Object.entries(CHOICES).filter(([, after]) => now.getTime() + after < new Date(due).getTime()).map(([name]) => name);
}

/** When a choice is; null while nothing valid is chosen. */
export function chosenTime(choice: string, own: string, now: Date): Date | null {
  const after = CHOICES[choice];
  if (after !== undefined) return new Date(now.getTime() + after);
  const typed = new Date(own);
  return own === "" || Number.isNaN(typed.getTime()) ? null : typed;
}
