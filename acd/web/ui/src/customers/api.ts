import { at, get, patch, post } from "../api/http";
import type { Label } from "../live/shapes";

export type FieldValue = string | number | boolean;

/** What people may set of a card. */
export interface Details {
  name: string;
  company: string;
  segment: string;
  value: number;
  language: string;
  preferred_agent: string;
  numbers: string[];
  emails: string[];
  tags: string[];
  fields: Record<string, FieldValue>;
}

export interface Card extends Details {
  id: string;
  notes: { at: number; by: string; text: string }[];
  version: number;
}

/** A field that the configuration adds to every card. */
export interface CustomField {
  id: string;
  label: Label;
  type: "text" | "number" | "date" | "choice" | "yes_no";
  required: boolean;
  choices: Record<string, Label>;
}

export interface Contact {
  call: string;
  at: number;
  direction: string;
  group: string | null;
  agent: string | null;
  outcome: string;
  disposition: string | null;
  note: string | null;
  talk_s: number;
}

export interface ImportReport {
  added: number;
  changed: number;
  unchanged: number;
  faulty: number;
  applied: boolean;
  faults: { line: number; column: string; reason: string; value: string }[];
}

export const findCustomers = (q: string, signal?: AbortSignal): Promise<{ customers: Card[] }> => get("/api/customers", { q, limit: 100 }, signal);
export const readCard = (id: string, signal?: AbortSignal): Promise<Card> => get(at`/api/customers/${id}`, {}, signal);
export const readFields = (signal?: AbortSignal): Promise<{ fields: CustomField[] }> => get("/api/customers/fields", {}, signal);
export const readContacts = (id: string, signal?: AbortSignal): Promise<{ contacts: Contact[] }> => get(at`/api/customers/${id}/contacts`, {}, signal);
export const addCard = (details: Details): Promise<Card> => post("/api/customers", details);
export const changeCard = (id: string, version: number, changes: Partial<Details>): Promise<Card> => patch(at`/api/customers/${id}`, { version, ...changes });
export const addNote = (id: string, text: string): Promise<unknown> => post(at`/api/customers/${id}/notes`, { text });
export const mergeCards = (id: string, other: string): Promise<Card> => post(at`/api/customers/${id}/merge`, { other });
export const importCards = (file: Blob): Promise<ImportReport> => post("/api/customers/import", new Blob([file], { type: "text/csv" }));
export const EXPORT_PATH = "/api/customers/export";
