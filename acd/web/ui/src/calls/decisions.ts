import type { Key, Values } from "../i18n/i18n";
import type { Fact } from "./api";

/** A routing decision, or what came of it, with the reasons that the routing gave. */
export interface Decision {
  at: number;
  text: Key;
  values: Values;
  reasons: readonly string[];
}

const TEXTS: Readonly<Record<string, [text: Key, fields: readonly string[]]>> = {
  Queued: ["decision.queued", ["group", "priority"]],
  Kept: ["decision.kept", ["agent"]],
  Directed: ["decision.directed", ["agent"]],
  Widened: ["decision.widened", ["ring", "why"]],
  PolicyApplied: ["decision.policy", ["step", "what"]],
  Offered: ["decision.offered", ["agent", "phone"]],
  AgentReserved: ["decision.reserved", ["agent"]],
  OfferFailed: ["decision.failed", ["agent", "failure"]],
  Answered: ["decision.answered", ["agent"]],
  LeftLine: ["decision.left", ["group", "how"]],
  Transferred: ["decision.transferred", ["agent", "target"]],
};

/** Those of a call's past, in order; those of a consultation before its transfer are among them. */
export function decisionsOf(facts: readonly Fact[]): Decision[] {
  return facts
    .flatMap((fact) => {
      const inner = Array.isArray(fact["consult"]) ? decisionsOf(fact["consult"] as Fact[]) : [];
      const known = TEXTS[fact.fact];
      if (!known) return inner;
      const [text, fields] = known;
      const values = Object.fromEntries(fields.map((field) => [field, String(fact[field] ?? "")]));
      const reasons = Array.isArray(fact["reasons"]) ? fact["reasons"].map(String) : [];
      return [...inner, { at: fact.at, text, values, reasons }];
    })
    .toSorted((one, other) => one.at - other.at);
}
