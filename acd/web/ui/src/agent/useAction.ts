import { App as AntApp } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";

import { useFaultText } from "../api/hooks";

/** How long to show that something is under way after the server has said yes, if the feed shows no change. */
const CONFIRM_MS = 4_000;
/** How long a refusal is shown at least, and how fast one is read that says more. */
const SHOWN_S = 6;
const CHARACTERS_A_SECOND = 10;

export interface Action<Name extends string> {
  /** What was asked for and is not yet seen in the feed. */
  pending: Name | null;
  /** Asks for it; what is refused is said to the person. Answers whether it was done. */
  run: (name: Name, ask: () => Promise<unknown>) => Promise<boolean>;
}

/**
 * Runs one order at a time, and shows it as under way until the server has agreed and the feed shows it in `seen`, one of
 * its objects: nothing is ever shown as done because it was asked for. `shows` tells by what it is seen; else any change
 * will do.
 */
export function useAction<Name extends string, Seen = unknown>(seen: Seen, shows: (name: Name, seen: Seen, before: Seen) => boolean = hasChanged): Action<Name> {
  const { message } = AntApp.useApp();
  const faultText = useFaultText();
  const [state, setState] = useState<{ name: Name; before: Seen; agreed: boolean } | null>(null);
  const latest = useRef(seen);
  useEffect(() => {
    latest.current = seen;
  });

  useEffect(() => {
    if (!state?.agreed) return undefined;
    if (shows(state.name, seen, state.before)) {
      setState(null);
      return undefined;
    }
    const timer = setTimeout(() => setState(null), CONFIRM_MS);
    return () => clearTimeout(timer);
  }, [state, seen, shows]);

  const run = useCallback(
    async (name: Name, ask: () => Promise<unknown>) => {
      setState({ name, before: latest.current, agreed: false });
      try {
        await ask();
        setState((old) => old && { ...old, agreed: true });
        return true;
      } catch (fault) {
        setState(null);
        const content = faultText(fault);
        void message.error({ content, duration: Math.max(SHOWN_S, content.length / CHARACTERS_A_SECOND) });
        return false;
      }
    },
    [message, faultText],
  );
  return { pending: state?.name ?? null, run };
}

const hasChanged = (_name: string, seen: unknown, before: unknown): boolean => seen !== before;
