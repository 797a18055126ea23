import { at, get, post, put, remove } from "../api/http";
import type { Catalogue, FileFormat } from "./api";
import { daysOf, type Preset } from "./periods";
import { COMPARISONS, FILTERS, type Filter, type Question } from "./question";

/** A question of a period that moves along; names of filters as the server keeps them. */
export interface SavedQuestion {
  report: string;
  period: Preset;
  grain: string;
  by: string | null;
  filter: Record<string, string[]>;
  formula: string | null;
  compare: string;
  kpis: string[];
}

export interface Run {
  id: number;
  due_at: string;
  state: string;
  tries: number;
  done_at: string | null;
  waiting: string[];
  refused: Record<string, string>;
  file_name: string | null;
  error: string | null;
}

export interface SavedDraft {
  name: string;
  asked: SavedQuestion;
  format: FileFormat;
  language: string;
  recipients: string[];
  schedule: string | null;
  enabled: boolean;
}

export interface SavedReport extends SavedDraft {
  id: string;
  owner: string;
  created_at: string;
  next_at: string | null;
  last: Run | null;
}

/** One that can no longer be read, and why: it can only be removed. */
export interface BrokenReport {
  id: string;
  name: string;
  owner: string;
  why: string;
}

export interface SavedList {
  reports: SavedReport[];
  broken: BrokenReport[];
  /** Whether there is a mail server to send with. */
  mail: boolean;
}

const PATH = "/api/saved-reports";
export const readSaved = (signal?: AbortSignal): Promise<SavedList> => get(PATH, {}, signal);
export const readRuns = (id: string, signal?: AbortSignal): Promise<Run[]> => get(at`/api/saved-reports/${id}/runs`, {}, signal);
export const keepReport = (id: string | null, draft: SavedDraft): Promise<SavedReport> => (id === null ? post(PATH, draft) : put(at`/api/saved-reports/${id}`, draft));
export const removeSaved = (id: string): Promise<void> => remove(at`/api/saved-reports/${id}`);
export const sendSaved = (id: string): Promise<Run> => post(at`/api/saved-reports/${id}/send`);

export function savedQuestion(question: Question, period: Preset): SavedQuestion {
  const { report, grain, by, formula, compare, where } = question;
  return { report, period, grain, by, formula, compare, kpis: [], filter: Object.fromEntries(FILTERS.filter((name) => where[name].length > 0).map((name) => [`${name}s`, [...where[name]]])) };
}

/** What it asks as of today. */
export function questionOfSaved(saved: SavedQuestion, today: string): Question {
  const where = Object.fromEntries(FILTERS.map((name) => [name, saved.filter[`${name}s`] ?? []])) as unknown as Question["where"];
  return { ...daysOf(saved.period, today), report: saved.report, grain: saved.grain, by: saved.by, formula: saved.formula, compare: COMPARISONS.find((one) => one === saved.compare) ?? "none", where };
}

export interface Gone {
  filter: Filter;
  id: string;
}

/** What it is filtered by although the configuration has it no longer: of that nothing new is counted. */
export const goneOf = ({ filter }: SavedQuestion, choices: Catalogue["choices"]): Gone[] =>
  FILTERS.filter((name) => name !== "segment").flatMap((name) =>
    (filter[`${name}s`] ?? []).filter((id) => !choices[name]?.some((one) => one.id === id)).map((id) => ({ filter: name, id })),
  );

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export const LAST_DAY = "last";

export interface Schedule {
  every: "never" | "daily" | "weekly" | "monthly";
  /** Of a week, or of a month (1 to 31, or the last). */
  day: string;
  time: string;
}

export const NEVER: Schedule = { every: "never", day: "mon", time: "06:00" };

/** From the words that the server keeps, such as "weekly mon 06:00". */
export function scheduleOf(text: string | null): Schedule {
  const [every, ...rest] = (text ?? "").split(" ");
  if (every === "daily" && rest[0]) return { every, day: "mon", time: rest[0] };
  if ((every === "weekly" || every === "monthly") && rest[0] && rest[1]) return { every, day: rest[0], time: rest[1] };
  return NEVER;
}

export function scheduleText({ every, day, time }: Schedule): string | null {
  if (every === "never") return null;
  return every === "daily" ? `daily ${time}` : `${every} ${day} ${time}`;
}
