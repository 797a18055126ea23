import type { StateOrder } from "../api/me";
import type { Agent, AgentState } from "../live/shapes";

export const BUSY: ReadonlySet<AgentState> = new Set(["ringing", "talking", "wrap_up"]);

/** What is said of an agent beside the state. */
export type Tone = "ready" | "away" | "busy" | "wrap-up" | "off" | "warning";

export function toneOf(agent: Agent): Tone {
  if (agent.state === "ready") return agent.occupied || !agent.phone_reachable ? "warning" : "ready";
  if (agent.state === "wrap_up") return "wrap-up";
  if (BUSY.has(agent.state)) return "busy";
  return agent.state === "not_ready" ? "away" : "off";
}

/** Which changes of state can be asked for now. While a call is in hand they come after it. */
export function possibleOrders(agent: Agent): ReadonlySet<StateOrder> {
  if (agent.state === "logged_out") return new Set(["login"]);
  const found = new Set<StateOrder>(["not-ready", "logout"]);
  const busy = BUSY.has(agent.state);
  // Ready would end a wrap-up before its result is kept: that is for the button that keeps it.
  if (busy ? agent.next_state !== "ready" && agent.state !== "wrap_up" : agent.state !== "ready") found.add("ready");
  if (busy && agent.pending !== null) found.add("revoke");
  if (agent.state === "wrap_up") for (const order of ["wrap-up-extend", "wrap-up-done"] as const) found.add(order);
  if ((agent.state === "talking" || agent.state === "ringing") && !agent.wrap_up_wanted) found.add("wrap-up");
  return found;
}

/** Seconds over the longest time that is usual for the reason; 0 where it is not over. */
export function overTime_s(agent: Agent, now_s: number): number {
  if (agent.state !== "not_ready" || agent.reason_max_s === null) return 0;
  return Math.max(0, now_s - agent.since_at - agent.reason_max_s);
}

/** The work since log-in, up to now: ringing, talking and wrap-up. */
export const busy_s = (agent: Agent, now_s: number): number => agent.busy_s + (BUSY.has(agent.state) ? Math.max(0, now_s - agent.since_at) : 0);
