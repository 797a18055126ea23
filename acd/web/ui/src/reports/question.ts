/** What a supervisor asks for: everything that the address of the page, and a request for the figures, hold. */
export interface Question {
  report: string;
  /** Local times of the centre: a day, or a day and a time; null: today. */
  from: string | null;
  to: string | null;
  grain: string;
  /** null: as the report is usually broken down. */
  by: string | null;
  formula: string | null;
  compare: Comparison;
  where: Readonly<Record<Filter, readonly string[]>>;
}

export const FILTERS = ["group", "agent", "team", "number", "flow", "segment"] as const;
export type Filter = (typeof FILTERS)[number];
export const COMPARISONS = ["none", "day", "week", "month"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const FIRST_REPORT = "groups";
const USUAL_GRAIN = "whole";
const LOCAL_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$/;
const WORD = /^[a-z0-9-]{1,40}$/;

/** What an address asks for; what makes no sense in it is left out. */
export function questionOf(report: string, search: string): Question {
  const given = new URLSearchParams(search);
  const text = (name: string, form: RegExp) => (form.test(given.get(name) ?? "") ? given.get(name) : null);
  const compare = given.get("compare");
  return {
    report,
    from: text("from", LOCAL_TIME),
    to: text("to", LOCAL_TIME),
    grain: text("grain", WORD) ?? USUAL_GRAIN,
    by: text("by", WORD),
    formula: given.get("formula")?.trim() || null,
    compare: COMPARISONS.find((one) => one === compare) ?? "none",
    where: Object.fromEntries(FILTERS.map((name) => [name, [...new Set(given.getAll(name).filter((one) => one.trim() !== ""))]])) as unknown as Question["where"],
  };
}

/** As the API takes it, with what else it is asked. */
export function queryOf(question: Question, more: Record<string, string | null> = {}): string {
  const { from, to, grain, by, formula, compare, where } = question;
  const query = new URLSearchParams();
  const single = { from, to, grain, by, formula, compare, ...more };
  for (const [name, value] of Object.entries(single)) if (value !== null) query.set(name, value);
  for (const name of FILTERS) for (const value of where[name]) query.append(name, value);
  return query.toString();
}

/** For the address: the same, without what is usual. */
export function searchOf(question: Question, more: Record<string, string | null> = {}): string {
  const query = new URLSearchParams(queryOf(question, more));
  if (question.grain === USUAL_GRAIN) query.delete("grain");
  if (question.compare === "none") query.delete("compare");
  return query.toString();
}

/** Another report of the same period, in its own breakdown, with those of the filters that it knows. */
export function forReport(question: Question, report: string, by: readonly string[]): Question {
  const where = Object.fromEntries(FILTERS.map((name) => [name, by.includes(name) ? question.where[name] : []])) as unknown as Question["where"];
  return { ...question, report, by: null, where };
}
