import { useCallback, useState } from "react";

import { useLoaded, type Loaded } from "../../api/hooks";
import { readPop, type Pop } from "../../api/me";
import type { Call } from "../../live/shapes";

export interface PopState extends Loaded<Pop> {
  /** Shows the call as that of another customer: one of several who share the number, or a card made just now. */
  choose: (customer: string) => void;
  chosen: string | null;
}

/** Who calls and why; asked for as soon as the phone rings, and again when the customer of the call becomes another one. */
export function usePop(call: Call): PopState {
  const [chosen, setChosen] = useState<string | null>(null);
  const key = `${call.id} ${call.customer?.id ?? ""} ${chosen ?? ""}`;
  const loaded = useLoaded(key, (signal) => readPop(call.id, chosen, signal));
  return { ...loaded, chosen, choose: useCallback((customer) => setChosen(customer), []) };
}
