import { said, type Forms, type Told } from "../i18n/said";

/**
 * Decisions are kept with the call as lines, which acd/core/reasons.py makes. Its tests and those of the pages hold both to the same list,
 * tests/reason_lines.json.
 */
const FORMS: Forms = {
  decision: [
    [/^(?<count>\d+) ready with the skills of (?<group>[^\s,]+)$/, "reason.count"],
    [/^(?<count>\d+) ready with the skills of (?<group>[^\s,]+), ring (?<ring>\d+)$/, "reason.count.ring"],
    [/^before (?<count>\d+) more urgent: this agent's phone is not registered at their node$/, "reason.before"],
    [/^next would be (?<who>.+)$/, "reason.next"],
    [/^not (?<count>1) other: (?<why>.+)$/, "reason.not.other"],
    [/^not (?<count>\d+) others: (?<why>.+)$/, "reason.not.others"],
    [/^not (?<agent>[^\s,:]+): (?<why>.+)$/, "reason.not"],
    [/^(?<who>[^\s,:]+(?:, .+)?): (?<rule>[a-z ]+)$/, "reason.chosen"],
  ],
  who: [
    [/^(?<agent>[^\s,]+), (?<measures>.+)$/, "reason.who"],
    [/^(?<agent>[^\s,]+)$/, "reason.who.only"],
  ],
  measures: [
    [/^(?<first>.+?), (?<more>.+)$/, "reason.with"],
    [/^ready (?<seconds>[\d.]+) s$/, "reason.ready"],
    [/^occupied (?<share>\d+%)$/, "reason.occupied"],
    [/^(?<count>1) call$/, "reason.call"],
    [/^(?<count>\d+) calls$/, "reason.calls"],
    [/^last offered not yet$/, "reason.not-offered"],
    [/^last offered (?<seconds>[\d.]+) s ago$/, "reason.offered"],
    [/^weight (?<weight>\S+)$/, "reason.weight"],
    [/^proficiency (?<skill>\d+) in all skills$/, "reason.skill.all"],
    [/^proficiency (?<skill>\d+)$/, "reason.skill"],
  ],
  why: [
    [/^busy or not ready$/, "reason.busy"],
    [/^ready but the phone is not registered at node (?<node>.+)$/, "reason.no-phone"],
    [/^(?<why>.+) but kept for (?<group>[^\s,]+) \(reserve\)$/, "reason.kept"],
    [/^(?<why>.+) but only in ring (?<ring>\d+)$/, "reason.outer"],
    [/^(?<why>.+?), not first by (?<rule>[a-z ]+)$/, "reason.not-first"],
    [/^(?<why>.+), (?<measures>proficiency .+)$/, "reason.why-and"],
    [/^(?<why>.+) for (?<seconds>\d+) s$/, "reason.for"],
    [/^(?<state>[a-z ]+) \((?<reason>.+)\)$/, "reason.because"],
    [/^(?<state>[a-z ]+)$/, "reason.state"],
  ],
};

/** Why the routing chose so, one line, with names and in the reader's language. */
export const reasonText = (line: string, told: Told): string => said(line, "decision", FORMS, told);
