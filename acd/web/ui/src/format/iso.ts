/** Unix seconds of a moment such as 2026-11-26T05:00:00Z, as records have it. */
export const secondsOf = (iso: string): number => Date.parse(iso) / 1000;
