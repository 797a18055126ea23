import type { Agent, Call } from "../live/shapes";
import ALLOWED from "./allowed.json";

/** Everything an agent can do with a call. */
export const CONTROLS = [
  "answer",
  "hangup",
  "hold",
  "resume",
  "mute",
  "unmute",
  "keys",
  "transfer",
  "consult",
  "consult-complete",
  "consult-cancel",
  "consult-join",
  "conference-add",
  "record-pause",
  "record-resume",
] as const;

export type Control = (typeof CONTROLS)[number];

/** Where an agent is with a call, as the controller tells it (acd/runtime/call_control.py), whose table allowed.json repeats. */
export type Phase = keyof typeof ALLOWED;

/** The call that the agent has to do with now: a customer's, else one that the agent has dialled. */
export const callInHand = (agent: Agent): string | null => agent.call ?? agent.own_call;

const TALKS: ReadonlySet<string> = new Set(["talking", "outside"]);

export function phaseOf(agent: Agent, call: Call): Phase {
  const [mine, dialled] = [call.id === agent.call, call.id === agent.own_call];
  if (call.state === "ended" || !(mine || dialled)) return "idle";
  if (mine && call.state === "ringing") return "ringing";
  if (!TALKS.has(call.state)) return mine ? "idle" : "dialing";
  if (!call.consult) return call.on_hold ? (mine ? "held" : "own_held") : mine ? "talking" : "own";
  if (!call.on_hold) return "conference";
  return TALKS.has(call.consult.state) ? "consulting" : "calling";
}

/** What can be done now: each thing only where the controller would do it. */
export function possible(agent: Agent, call: Call): ReadonlySet<Control> {
  const allowed: readonly string[] = ALLOWED[phaseOf(agent, call)];
  return new Set(CONTROLS.filter((control) => allowed.includes(ORDERS[control] ?? control) && !isDone(control, call) && (STARTS[control]?.(call) ?? true)));
}

/** Under which name the controller knows it, where that is another. */
const ORDERS: Partial<Record<Control, string>> = { unmute: "mute" };

/** What must be so before it makes sense, beyond what the phase says. */
const STARTS: Partial<Record<Control, (call: Call) => boolean>> = {
  "record-pause": (call) => call.recording === "on",
  "record-resume": (call) => call.recording === "paused",
};

const DONE: Partial<Record<Control, (call: Call) => boolean>> = {
  hold: (call) => call.on_hold,
  resume: (call) => !call.on_hold,
  mute: (call) => call.muted === true,
  unmute: (call) => !call.muted,
  "consult-join": (call) => !call.on_hold,
  "consult-cancel": (call) => !call.consult,
  "record-pause": (call) => call.recording !== "on",
  "record-resume": (call) => call.recording === "on",
};

/** Whether the call is as `control` would make it; false where there is nothing in a call to see that by. */
const isDone = (control: Control, call: Call): boolean => DONE[control]?.(call) ?? false;

/** Whether the feed shows what was asked for, not just some other change of the call. */
export const showsDone = (control: Control, call: Call, before: Call): boolean => DONE[control]?.(call) ?? call !== before;

/** Whether more than two speak with each other. */
export const isConference = (call: Call): boolean => (call.parties?.length ?? 0) > 2;

/** Who the other side of `agent` is, in words that are on the call: a name, else a number, else nothing. */
export function otherSide(call: Call, agent: Pick<Agent, "call">): { name: string | null; number: string | null } {
  const dialled = call.kind === "outbound" || (call.kind === "internal" && call.id !== agent.call);
  const number = dialled ? (call.outside_number ?? call.dialed_number) : call.caller_number;
  return { name: call.customer?.name || (dialled ? null : call.caller_name) || null, number: number || null };
}
