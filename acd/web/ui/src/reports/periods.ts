/** Days are written 2026-11-22; all of them are days of the centre's calendar. */
export interface Days {
  from: string;
  to: string;
}

export const PRESETS = ["today", "yesterday", "this-week", "last-week", "this-month", "last-month"] as const;
export type Preset = (typeof PRESETS)[number];

const DAY_MS = 86_400_000;
const midnight = (day: string): Date => new Date(`${day}T00:00:00Z`);
const written = (date: Date): string => date.toISOString().slice(0, 10);
const plus = (day: string, days: number): string => written(new Date(midnight(day).getTime() + days * DAY_MS));
const firstOfMonth = (day: string, months = 0): string => {
  const date = midnight(day);
  return written(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)));
};

/** The day that it is in that time zone. */
export const dayOf = (at_s: number, timezone: string): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at_s * 1000);

/** Weeks begin on Monday. The last day is part of the period; this week and this month go on to their ends. */
export function daysOf(preset: Preset, today: string): Days {
  const monday = plus(today, -((midnight(today).getUTCDay() + 6) % 7));
  switch (preset) {
    case "today":
      return { from: today, to: today };
    case "yesterday":
      return { from: plus(today, -1), to: plus(today, -1) };
    case "this-week":
      return { from: monday, to: plus(monday, 6) };
    case "last-week":
      return { from: plus(monday, -7), to: plus(monday, -1) };
    case "this-month":
      return { from: firstOfMonth(today), to: plus(firstOfMonth(today, 1), -1) };
    case "last-month":
      return { from: firstOfMonth(today, -1), to: plus(firstOfMonth(today), -1) };
  }
}

/** The preset that these are today; null for a period of one's own. */
export function presetOf(from: string | null, to: string | null, today: string): Preset | null {
  if (from === null && to === null) return "today";
  return PRESETS.find((preset) => daysOf(preset, today).from === from && daysOf(preset, today).to === to) ?? null;
}
