import { useEffect, useRef } from "react";

import type { Key } from "../i18n/i18n";

export interface Shortcut {
  /** As KeyboardEvent.code says it, with Alt held: "KeyR". The place on the keyboard counts, not the letter. */
  code: string;
  /** What is printed on that key, for the list. */
  keys: string;
  title: Key;
  run: () => void;
  /** Whether it can be used now. */
  on: boolean;
}

type Entry = { current: Shortcut[] };

const entries = new Set<Entry>();

/** All shortcuts that the page has now, for the list that "?" opens. */
export const presentShortcuts = (): Shortcut[] => [...entries].flatMap((entry) => entry.current);

function onKey(event: KeyboardEvent): void {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
  const shortcut = presentShortcuts().find((one) => one.code === event.code);
  if (!shortcut) return;
  event.preventDefault();
  if (shortcut.on && !document.querySelector("[role=dialog][aria-modal=true]:not([style*='display: none'])")) shortcut.run();
}

/** Has these shortcuts work while the component is there. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const entry = useRef(shortcuts);
  useEffect(() => {
    entry.current = shortcuts;
  });
  useEffect(() => {
    if (entries.size === 0) window.addEventListener("keydown", onKey);
    entries.add(entry);
    return () => {
      entries.delete(entry);
      if (entries.size === 0) window.removeEventListener("keydown", onKey);
    };
  }, []);
}
