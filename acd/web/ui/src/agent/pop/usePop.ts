import { useState } from "react";

import { useLoaded, type Loaded } from "../../api/hooks";
import type { Card } from "../../api/customers";
import { readForms, readPop, type Pop, type WrapUpForm } from "../../api/me";
import type { Call } from "../../live/shapes";

export interface PopState extends Loaded<Pop> {
  /** Shows `card` as who calls: one of several who share the number, or made just now. */
  choose: (card: Card) => void;
}

/** Who calls and why; asked for as soon as the phone rings, and again when the customer of the call becomes another one. */
export function usePop(call: Call): PopState {
  const [chosen, setChosen] = useState<Card | null>(null);
  const loaded = useLoaded(`${call.id} ${call.customer?.id ?? ""}`, (signal) => readPop(call.id, signal));
  const value = loaded.value && chosen ? { ...loaded.value, customer: chosen, candidates: [] } : loaded.value;
  return { ...loaded, value, choose: setChosen };
}

/** What the call's group wants to know of it; undefined until that is known, null where it wants nothing. */
export function useForm(call: Call): WrapUpForm | null | undefined {
  const { value, fault } = useLoaded(call.group ?? "", readForms);
  if (value) return value[call.group ?? ""] ?? null;
  return fault ? null : undefined;
}
