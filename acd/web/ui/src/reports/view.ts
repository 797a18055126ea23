import type { Figure } from "./api";

/** What is looked at in a report: the figure that is drawn, and whose calls are listed. All of it stands in the address. */
export interface View {
  show: string | null;
  draw: string | null;
  figure: string | null;
  key: string | null;
  at: string | null;
  call: string | null;
}

export const NOT_LOOKED_AT: View = { show: null, draw: null, figure: null, key: null, at: null, call: null };

export function viewOf(search: string): View {
  const given = new URLSearchParams(search);
  return Object.fromEntries(Object.keys(NOT_LOOKED_AT).map((name) => [name, given.get(name)])) as unknown as View;
}

/** The figure whose calls are listed, if any is. */
export const figureOf = ({ figure, key, at }: View): Figure | null => (figure === null ? null : { figure, key, at });

export const WITHOUT_CALLS: Partial<View> = { figure: null, key: null, at: null, call: null };
