import { at, get } from "../api/http";
import type { CallLine } from "../calls/api";
import type { Question } from "./question";
import { queryOf } from "./question";

export type Unit = "count" | "share" | "s" | "score";
export type Colour = "good" | "warn" | "bad";

export interface Named {
  id: string;
  label: string;
}

/** A key figure: what it is called, how it is worked out, what goes into it and what does not. */
export interface Kpi extends Named {
  formula: string;
  source: string;
  counted: string;
  not_counted: string;
  unit: Unit;
  better: "high" | "low" | "";
  behind: boolean;
}

export interface ReportKind {
  name: string;
  title: string;
  kpis: string[];
  by: string[];
  default_by: string;
}

/** Whom and what reports can be filtered by; what the configuration knows. */
export interface Choice {
  id: string;
  name: string;
}

export interface Catalogue {
  reports: ReportKind[];
  kpis: Kpi[];
  grains: Named[];
  by: Named[];
  formulas: (Named & { text: string })[];
  formula: string;
  checks: Named[];
  timezone: string;
  choices: Record<string, Choice[]>;
}

/** Of one interval, one key, or both. `values` by KPI: shares 0 to 1, times in seconds, null where there is nothing to divide by. */
export interface Line {
  at: string | null;
  until: string | null;
  key: string | null;
  name: string;
  values: Record<string, number | null>;
  before: Record<string, number | null> | null;
  colours: Record<string, Colour>;
}

export interface Column {
  id: string;
  unit: Unit;
  label: string;
  formula: string;
  better: "high" | "low" | "";
  behind: boolean;
}

export interface Check {
  id: string;
  ok: boolean;
  text: string;
}

export interface Table {
  report: string;
  title: string;
  from: string;
  to: string;
  timezone: string;
  grain: string;
  by: string;
  service_level_formula: string;
  columns: Column[];
  lines: Line[];
  total: Line;
  checks: Check[];
  notes: string[];
}

/** Which figure's calls: its KPI, and the line it stands in. */
export interface Figure {
  figure: string;
  key: string | null;
  at: string | null;
}

export interface CallsPage {
  calls: CallLine[];
  /** To ask for those that follow; null at the end. */
  after: string | null;
}

export const FORMATS = ["xlsx", "pdf", "csv", "parquet", "json"] as const;
export type FileFormat = (typeof FORMATS)[number];

export const readCatalogue = (language: string, signal?: AbortSignal): Promise<Catalogue> => get("/api/reports", { language }, signal);

const path = (question: Question, language: string, part = "", more: Record<string, string | null> = {}): string =>
  `${at`/api/reports/${question.report}`}${part}?${queryOf(question, { language, ...more })}`;

export const readTable = (question: Question, language: string, signal?: AbortSignal): Promise<Table> => get(path(question, language), {}, signal);
export const readCallsBehind = (question: Question, language: string, { figure, key, at: moment }: Figure, after: string | null, signal?: AbortSignal): Promise<CallsPage> =>
  get(path(question, language, "/calls", { figure, key, at: moment, after, limit: "100" }), {}, signal);
export const filePath = (question: Question, language: string, format: FileFormat): string => path(question, language, "/file", { format });
