import { clockText } from "../format/format";
import { isolated } from "../i18n/i18n";
import type { Fact, Visit } from "./api";
import type { Told } from "../i18n/said";
import { reasonText } from "./reasons";

/** One thing that happened, in the reader's language. `depth`: 1 for what came before a transfer, in the consultation. */
export interface StoryLine {
  at: number;
  depth: number;
  fact: string;
  text: string;
  more: readonly string[];
  /** Why the routing chose so. */
  reasons: readonly string[];
}

/** In the order of the past. `told`: the server's lines, in English, for what the catalogue has no words for. */
export function storyOf(facts: readonly Fact[], told: readonly string[], words: Told): StoryLine[] {
  const flat = inOrder(facts, 0);
  const english = told.flatMap((line) => STAMPED.exec(line)?.[1] ?? []);
  return flat.map(({ fact, depth }, index) => ({
    at: fact.at,
    depth,
    fact: fact.fact,
    text: textOf(fact, words) ?? (english.length === flat.length ? english[index]! : fact.fact),
    more: moreOf(fact, words).filter((text) => text !== "").map(isolated),
    reasons: Array.isArray(fact["reasons"]) ? fact["reasons"].map((reason) => isolated(reasonText(String(reason), words))) : [],
  }));
}

const DECIDING: ReadonlySet<string> = new Set(
  ["Queued", "Kept", "Unkept", "Widened", "PolicyApplied", "Moved", "Prioritised", "Directed", "Offered", "AgentReserved", "OfferFailed", "Answered", "LeftLine", "FellBack", "Transferred"],
);

/** Those that say who got the call; a consultation's, before its transfer, stand at their time. */
export const decisionsOf = (story: readonly StoryLine[]): StoryLine[] => story.filter(({ fact }) => DECIDING.has(fact)).toSorted((one, other) => one.at - other.at);

/** What became of the caller in one line of waiting. */
export function visitText(visit: Visit, { known, group, agent }: Told): string {
  const times = Object.fromEntries((["wait_s", "talk_s", "hold_s", "wrap_up_s"] as const).map((name) => [name, clockText(visit[name])]));
  return known(`story.visit.${visit.outcome}`, { ...times, group: group(visit.group), agent: agent(visit.agent ?? "") }) ?? `${visit.group}: ${visit.outcome}`;
}

/** `09:12:01   +0:00.0  call from …`; what has no such beginning is a heading, a reason or a sum. */
const STAMPED = /^\s*\d\d:\d\d:\d\d\s+[+-]\d+:\d\d\.\d\s\s(.*)$/s;

function inOrder(facts: readonly Fact[], depth: number): { fact: Fact; depth: number }[] {
  return facts.flatMap((fact) => [{ fact, depth }, ...(Array.isArray(fact["consult"]) ? inOrder(fact["consult"] as Fact[], depth + 1) : [])]);
}

const given = (fact: Fact, name: string): string => String(fact[name] ?? "");

/** The fields by which facts of one kind are told in different words. */
const VARIANTS: Readonly<Record<string, (fact: Fact) => string>> = {
  Arrived: (fact) => given(fact, "kind"),
  CallerLimited: (fact) => (given(fact, "flow") === "" ? "" : "flow"),
  StepTaken: (fact) => (given(fact, "to") === "" ? "end" : ""),
  SoundKept: (fact) => given(fact, "purpose"),
  TalkRecorded: (fact) => given(fact, "step"),
  ConsentSaid: (fact) => given(fact, "consent"),
  Transferred: (fact) => given(fact, "how"),
  WrapUpEnded: (fact) => given(fact, "how") || "unknown",
  FellBack: (fact) => (given(fact, "agent") === "" ? "" : "agent"),
  Ended: (fact) => given(fact, "by"),
};

function textOf(fact: Fact, words: Told): string | null {
  const variant = VARIANTS[fact.fact]?.(fact) ?? "";
  return words.known(`story.${fact.fact}${variant === "" ? "" : `.${variant}`}`, valuesOf(fact, words));
}

function valuesOf(fact: Fact, words: Told): Record<string, string> {
  const values = Object.fromEntries(Object.keys(fact).map((name) => [name, given(fact, name)]));
  for (const name of ["wait_s", "waited_s", "within_s", "by_s"]) if (name in fact) values[name] = clockText(Number(fact[name]));
  if (values["agent"]) values["agent"] = words.agent(values["agent"]);
  if (values["group"]) values["group"] = words.group(values["group"]);
  switch (fact.fact) {
    case "Arrived":
      values["caller"] = callerOf(fact, words);
      break;
    case "LanguageChosen":
      values["language"] = words.known(`pop.language.${given(fact, "language")}`) ?? given(fact, "language");
      break;
    case "LeftLine":
      values["how"] = coded("left", given(fact, "how"), words);
      break;
    case "NotKept":
      values["why"] = coded("why", given(fact, "why"), words);
      break;
    case "Moved":
      values["to"] = words.group(given(fact, "to"));
      values["by"] ||= words.t("story.nobody");
      break;
    case "Prioritised":
      values["by"] ||= words.t("story.nobody");
      break;
    case "OfferFailed":
      values["failure"] = words.known(`why.failure.${given(fact, "failure")}`) ?? given(fact, "failure");
      break;
    case "OutsideFailed":
      values["failure"] = coded("dial", given(fact, "failure"), words);
      break;
    case "Disposed":
      values["label"] ||= given(fact, "code");
      break;
  }
  return values;
}

/** In words where the catalogue has some for the code. */
const coded = (area: "left" | "dial" | "why", code: string, words: Told): string => words.known(`story.${area}.${code.replaceAll(" ", "_")}`) ?? code;

function callerOf(fact: Fact, { t, agent }: Told): string {
  const [number, name, origin] = [given(fact, "caller_number"), given(fact, "caller_name"), given(fact, "origin_agent")];
  if (origin !== "" && fact["kind"] !== "callback") return agent(origin);
  const shown = number || t("board.unknown-caller");
  return name === "" ? shown : `${shown} (${name})`;
}

/** What is known beside: in the server's words where it is a text, in ours where it is a value. */
function moreOf(fact: Fact, words: Told): string[] {
  const { t } = words;
  switch (fact.fact) {
    case "Arrived": {
      const customer = fact["customer"] as { name: string; segment: string } | null;
      return [
        given(fact, "trunk") && t("story.more.trunk", { trunk: given(fact, "trunk") }),
        customer ? t("story.more.customer", { customer: [customer.name, customer.segment].filter(Boolean).join(", ") }) : "",
      ];
    }
    case "Queued":
      return [
        Number(fact["priority"] ?? 0) === 0 ? "" : t("story.more.priority", { priority: given(fact, "priority") }),
        given(fact, "requirement") && t("story.more.requirement", { requirement: given(fact, "requirement") }),
      ];
    case "SoundKept":
      return [clockText(Number(fact["duration_s"])), given(fact, "name")];
    case "TalkRecorded":
      return [given(fact, "agent") && t("story.more.by", { agent: words.agent(given(fact, "agent")) }), words.known(`call.record.reason.${given(fact, "reason")}`) ?? given(fact, "reason"), given(fact, "name")];
    case "Widened":
    case "Kept":
    case "CallbackTried":
      return [coded("why", given(fact, "why"), words)];
    default:
      return ["detail", "exit", "reason", "cause"].map((name) => given(fact, name));
  }
}
