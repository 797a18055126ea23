import { useCallback, useSyncExternalStore } from "react";

import { live } from "./live";

type Listener = () => void;

/** One timer for all clocks of the page, on the server's full second, so that they move together. */
const listeners = new Set<Listener>();
let timer: number | undefined;

function arm(): void {
  const past_ms = (live.now_s() * 1000) % 1000;
  timer = window.setTimeout(() => {
    arm();
    for (const listener of [...listeners]) listener();
  }, 1005 - past_ms);
}

function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  if (timer === undefined) arm();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearTimeout(timer);
    timer = undefined;
  };
}

/** The server's time in whole seconds; drawn again each second. */
export function useNow(): number {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => Math.floor(live.now_s()), []),
  );
}

/** The same in whole minutes, for what shows no seconds: drawn again each minute. */
export function useMinute(): number {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => Math.floor(live.now_s() / 60) * 60, []),
  );
}
