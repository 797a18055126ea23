import { said, type Forms, type Told } from "../i18n/said";

/** The lines of an answer to why a call waits: acd/core/why.py, why_agents.py and why_steps.py make them; tests/waiting_lines.json has each form. */
const FORMS: Forms = {
  need: [
    [/^(?<need>.+), but logs out then$/, "need.logs-out"],
    [/^(?<need>.+), but is not ready then \((?<reason>.+)\)$/, "need.not-ready-then"],
    [/^(?<need>.+), then of the wrap-up$/, "need.then-wrap-up"],
    [/^(?<need>.+), then (?<seconds>\d+) s of wrap-up$/, "need.then-wrap-up-for"],
    [/^the end of call (?<call>\S+)$/, "need.end-of-call"],
    [/^the end of a call$/, "need.end-of-a-call"],
    [/^is being offered call (?<call>\S+)$/, "need.offered-call"],
    [/^is being offered a call$/, "need.offered-a-call"],
    [/^to end the wrap-up$/, "need.to-end-wrap-up"],
    [/^the end of the wrap-up, in (?<seconds>\d+) s$/, "need.end-of-wrap-up"],
    [/^the end of the rest, in (?<seconds>\d+) s$/, "need.end-of-rest"],
    [/^the next day: the calls of this one are done$/, "need.next-day"],
    [/^the phone to be reachable again$/, "need.phone"],
    [/^the phone is in use or out of reach$/, "need.phone-in-use"],
    [/^missed a call: no offers for (?<seconds>\d+) s more$/, "need.back-off"],
    [/^ready: dispatch is suspended$/, "need.suspended"],
    [/^ready, but the call's node (?<node>\S+) is away$/, "need.node-away"],
    [/^ready, but the phone has not registered at the call's node (?<node>\S+)$/, "need.no-phone-at-node"],
    [/^ready, but the call does not stand in line now$/, "need.not-in-line"],
    [/^ready, but kept for (?<group>\S+) \(reserve\)$/, "need.kept"],
    [/^ready, but the call waits for (?<agent>\S+) alone$/, "need.waits-for"],
    [/^ready: the next call is this agent's$/, "need.next-call"],
    [/^to log in$/, "need.log-in"],
    [/^to go ready$/, "need.go-ready"],
  ],
  ahead: [
    [/^priority (?<its>-?\d+) against (?<mine>-?\d+)$/, "ahead.priority"],
    [/^(?<its>-?\d+) points against (?<mine>-?\d+)$/, "ahead.points"],
    [/^has waited (?<seconds>-?\d+) s longer$/, "ahead.waited"],
    [/^came first$/, "ahead.first"],
  ],
  hindrance: [
    [/^(?<first>.+?); (?<more>.+)$/, "reason.and"],
    [/^nobody is on the line to hear it$/, "hindered.nobody"],
    [/^a callback's entry has no flow to go on with$/, "hindered.no-flow"],
    [/^it has led out once already$/, "hindered.led-out"],
    [/^this call has no exit '(?<exit>.+)'$/, "hindered.no-exit"],
    [/^what the call requires is asked for alone, without rings$/, "hindered.alone"],
    [/^waits until customers of (?<group>\S+) may be called$/, "hindered.closed"],
    [/^waits for room in (?<group>\S+)$/, "hindered.room"],
    [/^the call has been there in this wait$/, "hindered.been-there"],
  ],
  does: [
    [/^(?<first>.+?); (?<more>.+)$/, "reason.and"],
    [/^priority (?<priority>[+-]?\d+)$/, "does.priority"],
    [/^requires (?<requirement>.+)$/, "does.requires"],
    [/^ring (?<ring>\d+)$/, "does.ring"],
    [/^announce (?<prompt>\S+)$/, "does.announce"],
    [/^leave by (?<exit>\S+)$/, "does.leave"],
    [/^to group (?<group>\S+)$/, "does.move"],
  ],
  lacks: [
    [/^(?<first>.+?\)); (?<more>.+)$/, "reason.and"],
    [/^(?<requirement>.+) \(has (?<value>[^()]+)\)$/, "lacks.has"],
  ],
  rest: [
    [/^(?<count>\d+) for other reasons$/, "rest.other"],
    [/^(?<count>\d+) (?<state>logged out|not ready|ready|ringing|talking|wrap up)$/, "rest.of"],
    [/^(?<count>\d+) (?<lacks>.+ \(has .+\))$/, "rest.lacks"],
  ],
};

export type WaitingLine = "need" | "ahead" | "hindrance" | "does" | "lacks" | "rest";

/** One line of the answer, in the reader's language. */
export const waitingText = (line: string, kind: WaitingLine, told: Told): string => said(line, kind, FORMS, told);
