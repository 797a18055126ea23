import type { Agent, Group } from "../live/shapes";
import type { GroupFigures } from "./figures";

export type Level = "fine" | "warn" | "alarm";

/** What is watched. Below means: it is worse the smaller it is. */
export const KINDS = {
  waiting: { of: "group", unit: "count" },
  longest_wait_s: { of: "group", unit: "seconds" },
  service_level: { of: "group", unit: "share", below: true },
  ready: { of: "group", unit: "count", below: true },
  not_ready_s: { of: "agent", unit: "seconds" },
  talking_s: { of: "agent", unit: "seconds" },
  wrap_up_s: { of: "agent", unit: "seconds" },
} as const satisfies Record<string, { of: "group" | "agent"; unit: "count" | "seconds" | "share"; below?: true }>;

export type Kind = keyof typeof KINDS;

export interface Threshold {
  warn: number;
  alarm: number;
  /** Whether reaching `alarm` raises one, and whether that is heard. */
  raised: boolean;
  heard: boolean;
}

export type Thresholds = Readonly<Record<Kind, Threshold>>;

export const USUAL: Thresholds = {
  waiting: { warn: 5, alarm: 10, raised: true, heard: true },
  longest_wait_s: { warn: 30, alarm: 90, raised: true, heard: true },
  service_level: { warn: 0.8, alarm: 0.6, raised: true, heard: false },
  ready: { warn: 1, alarm: 0, raised: false, heard: false },
  not_ready_s: { warn: 900, alarm: 1800, raised: true, heard: false },
  talking_s: { warn: 600, alarm: 1200, raised: false, heard: false },
  wrap_up_s: { warn: 120, alarm: 300, raised: true, heard: false },
};

/** How bad `value` is by `threshold`; nothing known is nothing bad. */
export function levelOf(kind: Kind, value: number | null | undefined, threshold: Threshold): Level {
  if (value === null || value === undefined) return "fine";
  const reached = (limit: number) => ("below" in KINDS[kind] ? value <= limit : value >= limit);
  return reached(threshold.alarm) ? "alarm" : reached(threshold.warn) ? "warn" : "fine";
}

/** Seconds since `at_s`, as they stand at `now_s`; never less than none. */
export const secondsSince = (at_s: number | null, now_s: number): number | null => (at_s === null ? null : Math.max(0, now_s - at_s));

/** How long an agent may be in the present state: a reason with a usual length of its own goes before what holds for all. */
export function agentLevel(agent: Agent, thresholds: Thresholds, now_s: number): { kind: Kind | null; level: Level; seconds: number } {
  const seconds = secondsSince(agent.since_at, now_s) ?? 0;
  const kind = ({ not_ready: "not_ready_s", talking: "talking_s", wrap_up: "wrap_up_s" } as Partial<Record<Agent["state"], Kind>>)[agent.state] ?? null;
  if (kind === null) return { kind, level: "fine", seconds };
  const usual = thresholds[kind];
  const limit = kind === "not_ready_s" && agent.reason_max_s !== null ? { ...usual, warn: agent.reason_max_s * 0.8, alarm: agent.reason_max_s } : usual;
  return { kind, level: levelOf(kind, seconds, limit), seconds };
}

/** Of a group what is watched, with how bad it is. A group without anybody logged in has no too few. */
export function groupLevels(group: Group, figures: GroupFigures | undefined, thresholds: Thresholds, now_s: number): { kind: Kind; value: number; level: Level }[] {
  const values: Partial<Record<Kind, number | null | undefined>> = {
    waiting: group.waiting,
    longest_wait_s: group.waiting > 0 ? secondsSince(group.oldest_at, now_s) : null,
    service_level: figures?.service_level_30min,
    ready: group.staffed > 0 ? group.ready : null,
  };
  return (Object.entries(values) as [Kind, number | null | undefined][]).flatMap(([kind, value]) =>
    value === null || value === undefined ? [] : [{ kind, value, level: levelOf(kind, value, thresholds[kind]) }],
  );
}

/** What was remembered, as far as it can still be understood; the rest is as usual. */
export function readThresholds(text: string | null): Thresholds {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "{}");
  } catch {
    found = {};
  }
  const given = (typeof found === "object" && found !== null ? found : {}) as Record<string, Partial<Threshold> | undefined>;
  return Object.fromEntries(
    (Object.keys(KINDS) as Kind[]).map((kind) => {
      const { warn, alarm, raised, heard } = given[kind] ?? {};
      const usual = USUAL[kind];
      return [
        kind,
        {
          warn: isLimit(warn) ? warn : usual.warn,
          alarm: isLimit(alarm) ? alarm : usual.alarm,
          raised: typeof raised === "boolean" ? raised : usual.raised,
          heard: typeof heard === "boolean" ? heard : usual.heard,
        },
      ];
    }),
  ) as Thresholds;
}

const isLimit = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;
