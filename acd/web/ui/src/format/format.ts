import type { Language } from "../i18n/i18n";

const pad = (number: number): string => String(number).padStart(2, "0");

/** 65 → "1:05", 3725 → "1:02:05": for clocks that run, so that their width hardly changes. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

export interface Format {
  /** 14:05 */
  time: (at_s: number) => string;
  /** 14:05:09 */
  timeWithSeconds: (at_s: number) => string;
  /** 3 Nov 2026 */
  date: (at_s: number) => string;
  /** The time where it is today, else the date and the time, with the year where that is another. */
  moment: (at_s: number, now_s: number) => string;
  /** yesterday, 3 days ago, in 2 hours */
  distance: (at_s: number, now_s: number) => string;
  number: (value: number) => string;
  percent: (share: number) => string;
  timezone: string;
}

/** Writes dates, times and numbers as people of `language` do, times as those of `timezone`. */
export function makeFormat(language: Language, timezone?: string): Format {
  const zone = knownZone(timezone);
  const make = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { timeZone: zone, ...options });
  const clock = make({ hour: "2-digit", minute: "2-digit", hour12: false });
  const seconds = make({ hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const day = make({ day: "numeric", month: "short", year: "numeric" });
  const dayTime = make({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });
  const yearTime = make({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
  const years = new Intl.DateTimeFormat("en", { timeZone: zone, year: "numeric" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const date = (at_s: number) => day.format(at_s * 1000);
  const year = (at_s: number) => years.format(at_s * 1000);
  return {
    time: (at_s) => clock.format(at_s * 1000),
    timeWithSeconds: (at_s) => seconds.format(at_s * 1000),
    date,
    moment: (at_s, now_s) => (date(at_s) === date(now_s) ? clock : year(at_s) === year(now_s) ? dayTime : yearTime).format(at_s * 1000),
    distance: (at_s, now_s) => relative.format(...inUnits(at_s - now_s)),
    number: (value) => number.format(value),
    percent: (share) => percent.format(share),
    timezone: zone,
  };
}

function inUnits(seconds: number): [number, Intl.RelativeTimeFormatUnit] {
  const [minute, hour, day] = [60, 3600, 86_400];
  const size = Math.abs(seconds);
  if (size < hour) return [Math.trunc(seconds / minute), "minute"];
  if (size < day) return [Math.trunc(seconds / hour), "hour"];
  if (size < 60 * day) return [Math.trunc(seconds / day), "day"];
  return [Math.trunc(seconds / (30 * day)), "month"];
}

function knownZone(timezone?: string): string {
  try {
    if (timezone) return new Intl.DateTimeFormat("en", { timeZone: timezone }).resolvedOptions().timeZone;
  } catch {
    // A zone that this browser does not know: its own has to do.
  }
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
