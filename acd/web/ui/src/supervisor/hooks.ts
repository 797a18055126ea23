import { useCallback, useMemo, useState } from "react";

import { sameItems, useSelect } from "../live/hooks";
import type { Objects } from "../live/store";
import { remember, remembered } from "../shell/taste";
import { makeAgentRows, makeGroupRows, type AgentRow, type GroupRow } from "./board";
import { readThresholds, type Thresholds } from "./thresholds";

export function useGroupRows(): readonly GroupRow[] {
  const select = useMemo(() => makeGroupRows(), []);
  return useSelect<readonly GroupRow[]>("wallboard", select, sameItems);
}

export function useAgentRows(): readonly AgentRow[] {
  const select = useMemo(() => makeAgentRows(), []);
  return useSelect<readonly AgentRow[]>("wallboard", select, sameItems);
}

export function useThresholds(): [Thresholds, (next: Thresholds) => void] {
  const [thresholds, setThresholds] = useState(() => readThresholds(remembered("thresholds")));
  const set = useCallback((next: Thresholds) => {
    remember("thresholds", JSON.stringify(next));
    setThresholds(next);
  }, []);
  return [thresholds, set];
}

/** A part of the feed that a select keeps its result of, by a key that says what it depends on. */
export function useKeyed<Result>(topic: "wallboard" | "calls", make: () => (objects: Objects) => Result, key: string, same: (one: Result, other: Result) => boolean): Result {
  // oxlint-disable-next-line react/exhaustive-deps -- `key` says it all
  const select = useMemo(make, [key]);
  return useSelect(topic, select, same);
}
