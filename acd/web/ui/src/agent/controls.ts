import type { Agent, Call } from "../live/shapes";

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
  "consult-complete",
  "consult-cancel",
  "consult-join",
  "conference-add",
  "record-pause",
  "record-resume",
] as const;

export type Control = (typeof CONTROLS)[number];

/** The call that the agent has to do with now: a customer's, else one that the agent has dialled. */
export const callInHand = (agent: Agent): string | null => agent.call ?? agent.own_call;

/** What makes sense now, as the feed has it: each only where the switch would do it. */
export function possible(agent: Agent, call: Call): ReadonlySet<Control> {
  const found = new Set<Control>();
  if (agent.state === "ringing") {
    found.add("answer");
    found.add("hangup");
    return found;
  }
  if (call.state === "ended" || agent.state === "wrap_up") return found;
  found.add("hangup");
  if (agent.state !== "talking") return found;
  const talks = call.state === "talking" || call.state === "outside";
  if (call.consult) {
    found.add("consult-cancel");
    if (call.consult.state === "talking") {
      found.add("consult-complete");
      found.add("consult-join");
    }
    found.add("keys");
    found.add(call.muted ? "unmute" : "mute");
    return found;
  }
  if (!talks) return found;
  found.add(call.on_hold ? "resume" : "hold");
  found.add(call.muted ? "unmute" : "mute");
  if (!call.on_hold) found.add("keys");
  found.add("transfer");
  found.add("conference-add");
  if (call.recording === "on") found.add("record-pause");
  if (call.recording === "paused") found.add("record-resume");
  return found;
}

/** Whether more than two speak with each other. */
export const isConference = (call: Call): boolean => (call.parties?.length ?? 0) > 2;

/** Who the other side is, in words that are on the call: a name, else a number, else nothing. */
export function otherSide(call: Call): { name: string | null; number: string | null } {
  const dialled = call.kind === "outbound" || call.kind === "internal";
  const number = dialled ? (call.outside_number ?? call.dialed_number) : call.caller_number;
  return { name: call.customer?.name || (dialled ? null : call.caller_name) || null, number: number || null };
}
