import { useCallback, useMemo, useState } from "react";

import { sameItems, useObject, useSelect } from "../live/hooks";
import type { Agent, Group, Team } from "../live/shapes";
import { allOf, type Objects } from "../live/store";
import { remember, remembered } from "../shell/taste";
import { isGroupShown, isOf, makeAgentRows, makeGroupRows, type AgentRow, type GroupRow } from "./board";
import { readThresholds, type Thresholds } from "./thresholds";

/** Of these groups (none named: of all), in the order of the configuration. */
export function useGroupRows(groups: readonly string[]): readonly GroupRow[] {
  const order = useObject("wallboard", "centre")?.groups;
  const select = useMemo(() => {
    const rows = makeGroupRows();
    const places = new Map(order?.map((id, place) => [id, place]));
    const placeOf = ({ group }: GroupRow) => places.get(group.id) ?? places.size;
    return (objects: Objects) =>
      rows(objects)
        .filter((row) => isGroupShown(row, groups))
        .toSorted((one, other) => placeOf(one) - placeOf(other));
  }, [groups, order]);
  return useSelect<readonly GroupRow[]>("wallboard", select, sameItems);
}

/** Who works for these groups (none named: everybody). */
export function useAgentRows(groups: readonly string[]): readonly AgentRow[] {
  const select = useMemo(() => {
    const rows = makeAgentRows();
    return (objects: Objects) => rows(objects).filter((row) => isOf(row, groups));
  }, [groups]);
  return useSelect<readonly AgentRow[]>("wallboard", select, sameItems);
}

/** Names of groups by id; another map only when a group came, went or was renamed. */
export const useGroupNames = (): ReadonlyMap<string, string> => useSelect("wallboard", groupNames, sameNames);
/** The agents' names by id. */
export const useAgentNames = (): ReadonlyMap<string, string> => useSelect("wallboard", agentNames, sameNames);

const groupNames = (objects: Objects): ReadonlyMap<string, string> => new Map(allOf<Group>(objects, "group").map(({ id, name }) => [id, name]));
const agentNames = (objects: Objects): ReadonlyMap<string, string> => new Map(allOf<Agent>(objects, "agent").map(({ id, name }) => [id, name]));
const sameNames = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean =>
  one.size === other.size && [...one].every(([id, name]) => other.get(id) === name);

export function useThresholds(): [Thresholds, (next: Thresholds) => void] {
  const [thresholds, setThresholds] = useState(() => readThresholds(remembered("thresholds")));
  const set = useCallback((next: Thresholds) => {
    remember("thresholds", JSON.stringify(next));
    setThresholds(next);
  }, []);
  return [thresholds, set];
}

const NO_TEAMS: readonly Team[] = [];
/** The teams that one's rights are for, in the order of the configuration. */
export const useTeams = (): readonly Team[] => useObject("wallboard", "centre")?.teams ?? NO_TEAMS;
