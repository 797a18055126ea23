import { clockText } from "../format/format";
import { useNow } from "../live/ticks";
import type { Level } from "./thresholds";

/** The time since `at_s`, as it runs; coloured, and said in words for those who do not see colours, by `levelAt`. */
export function Clock({ at_s, levelAt }: { at_s: number | null; levelAt?: (seconds: number) => Level }) {
  const now_s = useNow();
  if (at_s === null) return null;
  const seconds = Math.max(0, now_s - at_s);
  return <span className={`figure ${levelClass(levelAt?.(seconds) ?? "fine")}`}>{clockText(seconds)}</span>;
}

export const levelClass = (level: Level): string => (level === "fine" ? "" : `level-${level}`);
