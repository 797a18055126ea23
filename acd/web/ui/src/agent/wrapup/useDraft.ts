import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { keepDraft, readDraft, type WrapUp } from "../../api/me";
import { remember, remembered } from "../../shell/taste";
import { EMPTY, isEmpty, newer, readDraftText, type Draft } from "./draft";
import { DraftKeeper } from "./keeper";
import { draftName, unsent } from "./unsent";

export interface DraftState {
  draft: Draft;
  change: (change: Partial<WrapUp>) => void;
  /** Sends the result by `send`; from then on nothing is kept any more, unless it fails. */
  finish: (send: () => Promise<unknown>) => Promise<void>;
  /** Whether the server has the newest text; null while nothing was written. */
  kept: boolean | null;
}

/** What is written about a call. Each change is kept in this browser at once and by the server soon after. */
export function useDraft(call: string): DraftState {
  const name = draftName(call);
  const [draft, setDraft] = useState<Draft>(() => readDraftText(remembered(name)) ?? EMPTY);
  const [kept, setKept] = useState<boolean | null>(null);
  const newest = useRef(draft);
  const keeper = useMemo(() => new DraftKeeper((text) => keepDraft(call, text), setKept), [call]);

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

  useEffect(() => unsent.open(call, keeper), [call, keeper]);

  const change = useCallback(
    (part: Partial<WrapUp>) => {
      const next: Draft = { ...newest.current, ...part, saved_ms: Date.now() };
      newest.current = next;
      setDraft(next);
      keeper.later(next);
      if (!keeper.isQuiet) remember(name, isEmpty(next) ? null : JSON.stringify(next));
    },
    [keeper, name],
  );

  const finish = useCallback((send: () => Promise<unknown>) => unsent.finish(call, keeper, send), [call, keeper]);

  return { draft, change, finish, kept };
}
