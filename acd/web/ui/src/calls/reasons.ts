import type { I18n, Key } from "../i18n/i18n";

/** Names by id; who or what is not known goes by the id. */
export interface Named {
  agent: (id: string) => string;
  group: (id: string) => string;
}

/** What the routing's lines are put into words with. `reason`: for being not ready, by its English label, in the reader's language. */
export interface Told extends Named, Pick<I18n, "t" | "known"> {
  reason: (label: string) => string;
}

// Decisions are kept with the call as English lines (acd/core/reasons.py). Their forms are these, and the places where an id, a number or a
// code stands in them; tests/core/test_reasons.py and the pages' tests hold both sides to tests/reason_lines.json.
const READY = /^(\d+) ready with the skills of ([^\s,]+)(?:, ring (\d+))?$/;
const BEFORE = /^before (\d+) more urgent: this agent's phone is not registered at their node$/;
const NEXT = /^next would be ([^\s,:]+)(?:, (.+))?$/;
const NOT_OTHERS = /^not (\d+) others?: (.+)$/;
const NOT = /^not ([^\s,:]+): (.+)$/;
const CHOSEN = /^([^\s,:]+)(?:, (.+))?: ([a-z ]+)$/;
const STATE = /^(not ready|ready|ringing|talking|wrap up|logged out|phone busy|did not take a call a moment ago)(?: \((.+)\))?(?: for (\d+) s)?$/;
const NO_PHONE = /^ready but the phone is not registered at node (.+)$/;
const KEPT = /^(.+) but kept for ([^\s,]+) \(reserve\)$/;
const OUTER = /^(.+) but only in ring (\d+)$/;
const NOT_FIRST = /^(.+?)(?:, (proficiency [\da-z ]+))?, not first by ([a-z ]+)$/;

const MEASURES: readonly (readonly [RegExp, Key])[] = [
  [/^ready ([\d.]+) s$/, "reason.ready"],
  [/^occupied (\d+%)$/, "reason.occupied"],
  [/^(1) call$/, "reason.call"],
  [/^(\d+) calls$/, "reason.calls"],
  [/^last offered not yet$/, "reason.not-offered"],
  [/^last offered ([\d.]+) s ago$/, "reason.offered"],
  [/^weight (\S+)$/, "reason.weight"],
  [/^proficiency (\d+) in all skills$/, "reason.skill.all"],
  [/^proficiency (\d+)$/, "reason.skill"],
];

/** Why the routing chose so, one line, with names and in the reader's language; one whose form is not known as it is. */
export function reasonText(line: string, told: Told): string {
  const { t, agent, group } = told;
  let found: RegExpExecArray | null;
  if ((found = READY.exec(line))) {
    const [, count = "", id = "", ring] = found;
    return ring === undefined ? t("reason.count", { count, group: group(id) }) : t("reason.count.ring", { count, group: group(id), ring });
  }
  if ((found = BEFORE.exec(line))) return t("reason.before", { count: found[1]! });
  if ((found = NEXT.exec(line))) return t("reason.next", { who: measured(found[1]!, found[2], told) });
  if ((found = NOT_OTHERS.exec(line))) return t(found[1] === "1" ? "reason.not.other" : "reason.not.others", { count: found[1]!, why: whyNot(found[2]!, told) });
  if ((found = NOT.exec(line))) return t("reason.not", { who: agent(found[1]!), why: whyNot(found[2]!, told) });
  if ((found = CHOSEN.exec(line))) return t("reason.chosen", { who: measured(found[1]!, found[2], told), rule: ruleText(found[3]!, told) });
  return line;
}

/** An agent, and what the rule looked at. */
function measured(id: string, parts: string | undefined, told: Told): string {
  return [told.agent(id), ...(parts?.split(", ") ?? []).map((part) => measureText(part, told))].join(told.t("reason.and"));
}

function measureText(part: string, { t }: Told): string {
  for (const [form, key] of MEASURES) {
    const found = form.exec(part);
    if (found) return t(key, { value: found[1] ?? "" });
  }
  return part;
}

const ruleText = (rule: string, { known }: Told): string => known(`reason.rule.${coded(rule)}`) ?? rule;

const coded = (words: string): string => words.replaceAll(" ", "_");

/** What somebody does or lacks who was not offered the call. */
function whyNot(said: string, told: Told): string {
  const { t, group } = told;
  if (said === "busy or not ready") return t("reason.busy");
  let found: RegExpExecArray | null;
  if ((found = NO_PHONE.exec(said))) return t("reason.no-phone", { node: found[1]! });
  if ((found = KEPT.exec(said))) return t("reason.kept", { state: stateText(found[1]!, told), group: group(found[2]!) });
  if ((found = OUTER.exec(said))) return t("reason.outer", { state: stateText(found[1]!, told), ring: found[2]! });
  if ((found = NOT_FIRST.exec(said))) {
    const [, state = "", skill, rule = ""] = found;
    const known = [stateText(state, told), ...(skill === undefined ? [] : [measureText(skill, told)])].join(t("reason.and"));
    return t("reason.not-first", { state: known, rule: ruleText(rule, told) });
  }
  return stateText(said, told);
}

function stateText(said: string, { t, known, reason }: Told): string {
  const found = STATE.exec(said);
  if (!found) return said;
  const [, code = "", label, seconds] = found;
  const name = known(`reason.state.${coded(code)}`) ?? code;
  const state = label === undefined ? name : t("reason.because", { state: name, reason: reason(label) });
  return seconds === undefined ? state : t("reason.for", { state, seconds });
}
