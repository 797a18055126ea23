import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";

import { live, type Link } from "./live";
import type { Kinds, Topic } from "./shapes";
import type { Objects } from "./store";

type KeyOf<Kind extends keyof Kinds> = Kind | `${Kind}:${string}`;

/** Keeps `topic` watched while the component is there. */
export function useTopic(topic: Topic): void {
  useEffect(() => live.watch(topic), [topic]);
}

/** One object of the feed, newest form; undefined while there is none. The component is drawn again only when it changes. */
export function useObject<Kind extends keyof Kinds>(topic: Topic, kind: Kind, id?: string | null): Kinds[Kind] | undefined {
  const key: KeyOf<Kind> = id === undefined ? kind : `${kind}:${id ?? ""}`;
  const subscribe = useCallback((listener: () => void) => live.store.subscribe(topic, listener), [topic]);
  return useSyncExternalStore(subscribe, () => live.store.objects(topic).get(key) as Kinds[Kind] | undefined);
}

/**
 * What `select` makes of a topic's objects. It is worked out once for each change of the topic, and the former result is
 * kept where `same` holds, so that nothing is drawn again for nothing.
 */
export function useSelect<Result>(
  topic: Topic,
  select: (objects: Objects) => Result,
  same: (one: Result, other: Result) => boolean = Object.is,
): Result {
  const kept = useRef<{ version: number; select: unknown; result: Result } | null>(null);
  const subscribe = useCallback((listener: () => void) => live.store.subscribe(topic, listener), [topic]);
  return useSyncExternalStore(subscribe, () => {
    const version = live.store.version(topic);
    const last = kept.current;
    if (last && last.version === version && last.select === select) return last.result;
    const result = select(live.store.objects(topic));
    const lasting = last && same(last.result, result) ? last.result : result;
    kept.current = { version, select, result: lasting };
    return lasting;
  });
}

/** True once the topic's first snapshot is there. */
export function useArrived(topic: Topic): boolean {
  const subscribe = useCallback((listener: () => void) => live.store.subscribe(topic, listener), [topic]);
  return useSyncExternalStore(subscribe, () => live.store.arrived(topic));
}

export function useLink(): Link {
  return useSyncExternalStore(
    (listener) => live.subscribeLink(listener),
    () => live.link,
  );
}

/** Same elements in the same order. */
export const sameItems = <Item>(one: readonly Item[], other: readonly Item[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);
