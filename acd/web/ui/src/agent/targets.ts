import type { TargetKind } from "../api/me";
import type { Target, Targets } from "../api/targets";

const MOST = 50;
/** Digits as people write them: "+49 30/123-4". */
const NUMBER = /^\+?[\d\s()/.-]{2,}$/;

/** Whom the words mean: each word must be in the name or number; who can take a call now comes first. */
export function findTargets(targets: Targets, query: string, kind: TargetKind | "all", me: string): Target[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = allTargets(targets, me).filter(
    (target) => (kind === "all" || target.kind === kind) && words.every((word) => `${target.name} ${target.id} ${target.kind === "agent" ? "" : target.detail}`.toLowerCase().includes(word)),
  );
  const digits = query.replace(/[^\d+]/g, "");
  const dials = targets.outside && (kind === "all" || kind === "number") && NUMBER.test(query.trim()) && !found.some((target) => target.id === digits || target.name.endsWith(` ${digits}`));
  const typed: Target[] = dials ? [{ kind: "number", id: digits, name: query.trim(), detail: "", free: null }] : [];
  return [...found, ...typed].slice(0, MOST);
}

function allTargets(targets: Targets, me: string): Target[] {
  const agents = targets.agents
    .filter((agent) => agent.id !== me)
    .map((agent): Target => ({ kind: "agent", id: agent.id, name: `${agent.name} · ${agent.extension}`, detail: agent.state, free: agent.state === "logged_out" ? null : agent.state === "ready" }));
  const rank = (target: Target): number => (target.free ? 0 : target.detail === "logged_out" ? 2 : 1);
  return [
    ...agents.toSorted((one, other) => rank(one) - rank(other)),
    ...targets.groups.map((group): Target => ({ kind: "group", id: group.id, name: group.name, detail: "", free: group.ready === undefined ? null : group.ready > 0 })),
    ...targets.numbers.map((one): Target => ({ kind: "number", id: one.id, name: one.name, detail: one.id, free: null })),
    ...targets.flows.map((flow): Target => ({ kind: "flow", id: flow.id, name: flow.name, detail: "", free: null })),
  ];
}
