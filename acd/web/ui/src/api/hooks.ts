import { useCallback, useEffect, useRef, useState } from "react";

import { useI18n } from "../i18n/i18n";
import { ApiError } from "./http";

/** What a person is to read about `fault`, in their language where we know the code, else in the server's words, which are also {detail} of a text. */
export function useFaultText(): (fault: unknown) => string {
  const { t, known } = useI18n();
  return useCallback(
    (fault) => {
      if (!(fault instanceof ApiError)) return t("error.unknown", { code: fault instanceof Error ? fault.message : String(fault) });
      return known(`error.${fault.code}`, { detail: fault.message }) ?? (fault.message || t("error.unknown", { code: fault.code }));
    },
    [t, known],
  );
}

export interface Loaded<Value> {
  value: Value | undefined;
  fault: unknown;
  loading: boolean;
  /** Asks again; the former value stays until the new one is there. */
  reload: () => void;
  /** Puts `value` in the place of what was loaded, where an answer has brought the newer form; one that comes after `key` has changed is dropped. */
  set: (value: Value) => void;
}

/** Loads as often as `key` changes (null: nothing is to be loaded), and on `reload`. A late answer to an old question is dropped. */
export function useLoaded<Value>(key: string | null, load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const [state, setState] = useState<{ key: string | null; value?: Value; fault?: unknown; loading: boolean }>({ key, loading: key !== null });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  useEffect(() => {
    latest.current = load;
  });
  useEffect(() => {
    if (key === null) {
      setState({ key, loading: false });
      return undefined;
    }
    const abort = new AbortController();
    setState((old) => (old.key === key ? { ...old, loading: true } : { key, loading: true }));
    latest.current(abort.signal).then(
      (value) => abort.signal.aborted || setState({ key, value, loading: false }),
      (fault: unknown) => abort.signal.aborted || setState((old) => ({ ...old, key, fault, loading: false })),
    );
    return () => abort.abort();
  }, [key, round]);
  const reload = useCallback(() => setRound((old) => old + 1), []);
  const set = useCallback((value: Value) => setState((old) => (old.key === key ? { key, value, loading: false } : old)), [key]);
  const current = state.key === key ? state : { loading: key !== null, value: undefined, fault: undefined };
  return { value: current.value, fault: current.fault, loading: current.loading, reload, set };
}
