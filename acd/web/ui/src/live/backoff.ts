const FIRST_MS = 300;
const LONGEST_MS = 8_000;

/**
 * How long to wait before try number `tries` (from 0), in milliseconds. After a restart of the server hundreds of pages
 * come back: `chance` (0 to 1) spreads them over the second half of the time.
 */
export function delayBefore(tries: number, chance: number, longest_ms = LONGEST_MS): number {
  const whole = Math.min(longest_ms, FIRST_MS * 2 ** Math.min(tries, 10));
  return Math.round(whole * (0.5 + chance / 2));
}
