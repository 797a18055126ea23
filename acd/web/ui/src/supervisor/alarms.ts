import type { AgentRow, GroupRow } from "./board";
import { agentLevel, groupLevels, type Kind, type Thresholds } from "./thresholds";

/** A threshold that is passed now. `id` is the same as long as it goes on. */
export interface Alarm {
  id: string;
  kind: Kind;
  subject: string;
  name: string;
  value: number;
}

/** All that pass a threshold at `now_s`, groups first. */
export function presentAlarms(groups: readonly GroupRow[], agents: readonly AgentRow[], thresholds: Thresholds, now_s: number): Alarm[] {
  const found: Alarm[] = [];
  for (const { group, figures } of groups) {
    for (const { kind, value, level } of groupLevels(group, figures, thresholds, now_s)) {
      if (level === "alarm" && thresholds[kind].raised) found.push({ id: `${kind}:${group.id}`, kind, subject: group.id, name: group.name, value });
    }
  }
  for (const { agent } of agents) {
    const { kind, level, seconds } = agentLevel(agent, thresholds, now_s);
    if (kind !== null && level === "alarm" && thresholds[kind].raised) {
      // A second break is another alarm than the first.
      found.push({ id: `${kind}:${agent.id}:${agent.since_at}`, kind, subject: agent.id, name: agent.name, value: seconds });
    }
  }
  return found;
}

/** Which alarms have been seen by somebody here. One that is over is forgotten, so that it is news when it comes again. */
export function stillSeen(seen: ReadonlySet<string>, present: readonly Alarm[]): ReadonlySet<string> {
  const kept = [...seen].filter((id) => present.some((alarm) => alarm.id === id));
  return kept.length === seen.size ? seen : new Set(kept);
}

/** Whether one of them is to be heard: it is wanted, and nobody has seen it yet. */
export const isToBeHeard = (present: readonly Alarm[], seen: ReadonlySet<string>, thresholds: Thresholds): boolean =>
  present.some((alarm) => thresholds[alarm.kind].heard && !seen.has(alarm.id));
