import { useCallback, useEffect, useRef, useState } from "react";

import { keepDraft, readDraft, type WrapUp } from "../../api/me";
import { remember, remembered } from "../../shell/taste";
import { EMPTY, isEmpty, newer, readDraftText, type Draft } from "./draft";

const KEEP_AFTER_MS = 800;

export interface DraftState {
  draft: Draft;
  change: (change: Partial<WrapUp>) => void;
  /** It has been sent: nothing is to be kept any more. */
  forget: () => void;
  /** Whether the server has the newest text; null while nothing was written. */
  kept: boolean | null;
}

/** What is written about a call. Each change is kept in this browser at once and by the server soon after. */
export function useDraft(call: string): DraftState {
  const name = `draft.${call}`;
  const [draft, setDraft] = useState<Draft>(() => readDraftText(remembered(name)) ?? EMPTY);
  const [kept, setKept] = useState<boolean | null>(null);
  const timer = useRef<number | undefined>(undefined);
  const newest = useRef(draft);

  useEffect(() => {
    const abort = new AbortController();
    readDraft(call, abort.signal).then(
      ({ draft: there }) => {
        const found = newer(newest.current, there && readDraftText(JSON.stringify(there)));
        newest.current = found;
        setDraft(found);
      },
      () => {
        // What this browser has kept must do; the next change is sent again.
      },
    );
    return () => abort.abort();
  }, [call]);

  useEffect(() => () => window.clearTimeout(timer.current), []);

  const change = useCallback(
    (part: Partial<WrapUp>) => {
      const next: Draft = { ...newest.current, ...part, saved_ms: Date.now() };
      newest.current = next;
      setDraft(next);
      remember(name, isEmpty(next) ? null : JSON.stringify(next));
      setKept(false);
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => {
        keepDraft(call, next).then(
          () => setKept(newest.current === next),
          () => setKept(false),
        );
      }, KEEP_AFTER_MS);
    },
    [call, name],
  );

  const forget = useCallback(() => {
    window.clearTimeout(timer.current);
    remember(name, null);
  }, [name]);

  return { draft, change, forget, kept };
}
