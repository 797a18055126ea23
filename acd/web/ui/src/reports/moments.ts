import type { Language } from "../i18n/i18n";
import { secondsOf } from "../format/iso";

/** Names of intervals, in the centre's time zone. `several`: whether there are those of more than one day. */
export function makeMoments(language: Language, timezone: string) {
  const make = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { timeZone: timezone, ...options });
  const time = make({ hour: "2-digit", minute: "2-digit", hour12: false });
  const day = make({ weekday: "short", day: "numeric", month: "short" });
  const date = make({ day: "numeric", month: "short" });
  const month = make({ month: "long", year: "numeric" });
  const whole = make({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
  const plain = make({ day: "numeric", month: "short", year: "numeric" });
  const at = (iso: string) => new Date(secondsOf(iso) * 1000);
  const last = (iso: string) => new Date(secondsOf(iso) * 1000 - 1000);
  const isMidnight = (iso: string) => time.format(at(iso)) === "00:00" || time.format(at(iso)) === "24:00";
  return {
    time: (iso: string): string => time.format(at(iso)),
    day: (iso: string): string => day.format(at(iso)),
    interval(iso: string, until: string | null, grain: string, several: boolean): string {
      if (grain === "month") return month.format(at(iso));
      if (grain === "week") return until === null ? date.format(at(iso)) : date.formatRange(at(iso), last(until));
      if (grain === "day") return day.format(at(iso));
      return several ? `${day.format(at(iso))}, ${time.format(at(iso))}` : time.format(at(iso));
    },
    /** From the first to the last moment; whole days go without times. */
    period: (from: string, to: string): string => (isMidnight(from) && isMidnight(to) ? plain.formatRange(at(from), last(to)) : whole.formatRange(at(from), at(to))),
  };
}

export type Moments = ReturnType<typeof makeMoments>;

/** Whether intervals are parts of days. */
export const isWithinDay = (grain: string): boolean => grain.endsWith("min");
