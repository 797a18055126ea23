import { useMemo } from "react";

import { useLoaded } from "./hooks";
import { readTargets } from "./targets";

const KEPT_MS = 300_000;

interface Names {
  agents: ReadonlyMap<string, string>;
  groups: ReadonlyMap<string, string>;
}

let asked: { at_ms: number; names: Promise<Names> } | null = null;

/** One request for all parts of the page that show a name; a later one after a few minutes, or after a failure. */
function readNames(): Promise<Names> {
  if (asked && Date.now() - asked.at_ms < KEPT_MS) return asked.names;
  const names = readTargets().then(({ agents, groups }) => ({ agents: namesOf(agents), groups: namesOf(groups) }));
  asked = { at_ms: Date.now(), names };
  names.catch(() => (asked = null));
  return names;
}

const namesOf = (all: readonly { id: string; name: string }[]) => new Map(all.map(({ id, name }) => [id, name]));

/** What people call agents and groups, for those who do not watch the wallboard; by their ids as long as that is not known. */
export function useNames(): { agent: (id: string) => string; group: (id: string) => string } {
  const { value } = useLoaded("names", readNames);
  return useMemo(() => ({ agent: (id) => value?.agents.get(id) ?? id, group: (id) => value?.groups.get(id) ?? id }), [value]);
}
