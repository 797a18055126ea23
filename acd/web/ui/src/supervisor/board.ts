import type { Agent, AgentState, Call, Group } from "../live/shapes";
import { allOf, type Objects } from "../live/store";
import { figuresOfAgent, figuresOfGroup, type AgentFigures, type GroupFigures } from "./figures";

export interface GroupRow {
  group: Group;
  figures: GroupFigures | undefined;
}

export interface AgentRow {
  agent: Agent;
  figures: AgentFigures | undefined;
}

/** The order in which states are shown and sorted: who needs to be looked at comes first. */
export const STATES: readonly AgentState[] = ["not_ready", "ringing", "talking", "wrap_up", "ready", "logged_out"];

/**
 * Rows of the feed's objects. A row is the same object as long as what it is made of is, so that only what has changed
 * is drawn again.
 */
export class Rows<Part, Figures, Row> {
  readonly #kept = new Map<string, { part: Part; figures: Figures; row: Row }>();
  readonly #make: (part: Part, figures: Figures) => Row;

  constructor(make: (part: Part, figures: Figures) => Row) {
    this.#make = make;
  }

  row(id: string, part: Part, figures: Figures): Row {
    const kept = this.#kept.get(id);
    if (kept && kept.part === part && kept.figures === figures) return kept.row;
    const row = this.#make(part, figures);
    this.#kept.set(id, { part, figures, row });
    return row;
  }
}

export const makeGroupRows = () => {
  const rows = new Rows<Group, GroupFigures | undefined, GroupRow>((group, figures) => ({ group, figures }));
  return (objects: Objects): GroupRow[] => allOf<Group>(objects, "group").map((group) => rows.row(group.id, group, figuresOfGroup(objects, group.id)));
};

export const makeAgentRows = () => {
  const rows = new Rows<Agent, AgentFigures | undefined, AgentRow>((agent, figures) => ({ agent, figures }));
  return (objects: Objects): AgentRow[] => allOf<Agent>(objects, "agent").map((agent) => rows.row(agent.id, agent, figuresOfAgent(objects, agent.id)));
};

export interface Filter {
  text: string;
  /** Empty: all but those who are logged out. */
  states: readonly AgentState[];
}

export const NO_FILTER: Filter = { text: "", states: [] };

/** Of these teams; none named are all, also those who are in none. */
export const isOfTeam = ({ agent }: AgentRow, teams: readonly string[]): boolean => teams.length === 0 || (agent.team !== null && teams.includes(agent.team));

export function isShown({ agent }: AgentRow, filter: Filter): boolean {
  if (filter.states.length > 0 ? !filter.states.includes(agent.state) : agent.state === "logged_out" && filter.text === "") return false;
  const sought = filter.text.trim().toLowerCase();
  return sought === "" || [agent.name, agent.id, agent.extension].some((text) => text.toLowerCase().includes(sought));
}

/** Of `groups`; none named are all. */
export const isGroupShown = ({ group }: GroupRow, groups: readonly string[]): boolean => groups.length === 0 || groups.includes(group.id);
export const isOf = ({ agent }: AgentRow, groups: readonly string[]): boolean => groups.length === 0 || agent.groups.some((group) => groups.includes(group));

/** Calls that wait in a line of `groups` (empty: of any), the next of each line first, those of lines that wait longest before others. */
export function waitingCalls(objects: Objects, groups: readonly string[]): Call[] {
  return allOf<Call>(objects, "call")
    .filter((call) => call.state === "waiting" && call.group !== null && (groups.length === 0 || groups.includes(call.group)))
    .toSorted((one, other) => (one.queued_at ?? one.since_at) - (other.queued_at ?? other.since_at));
}

export const countStates = (rows: readonly AgentRow[]): Record<AgentState, number> => {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<AgentState, number>;
  for (const { agent } of rows) counts[agent.state] += 1;
  return counts;
};
