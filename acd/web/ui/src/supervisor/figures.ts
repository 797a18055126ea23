import type { Agent } from "../live/shapes";
import type { Objects } from "../live/store";

/** Today's figures of a group (or of all together), by the formulas of the reports; shares are 0 to 1. */
export interface GroupFigures {
  offered: number;
  answered: number;
  abandoned: number;
  service_level: number | null;
  /** Of the last half hour. */
  service_level_30min: number | null;
  abandon_rate: number | null;
  asa_s: number | null;
  aht_s: number | null;
  longest_wait_s: number | null;
}

/** Today's figures of an agent, of calls and stretches that are over. */
export interface AgentFigures {
  answered: number;
  aht_s: number | null;
  acw_s: number | null;
  logged_in_s: number;
  /** Until when stretches are counted; missing where the server is an older one. */
  counted_to_at?: number;
  ready_s: number;
  talking_s: number;
  wrap_up_s: number;
  not_ready_s: Readonly<Record<string, number>>;
}

/** When an agent who is at work would have come, had there been no break: the time logged in today is that until now. Null: is not at work. */
export const loggedInSince = (agent: Agent, figures: AgentFigures): number | null =>
  agent.login_at === null ? null : Math.max(figures.counted_to_at ?? agent.since_at, agent.login_at) - figures.logged_in_s;

export const figuresOfGroup = (objects: Objects, group: string) => objects.get(`figures:group:${group}`) as GroupFigures | undefined;
export const figuresOfAll = (objects: Objects) => objects.get("figures:total") as GroupFigures | undefined;
export const figuresOfAgent = (objects: Objects, agent: string) => objects.get(`figures:agent:${agent}`) as AgentFigures | undefined;
