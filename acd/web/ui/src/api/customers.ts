import { at, get, patch, post, remove } from "./http";
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

/** What is sent of a changed card; a field set to null goes. */
export type Changes = Partial<Omit<Details, "fields">> & { fields?: Record<string, FieldValue | null> };

/** A customer's card. */
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
  masked: boolean;
  choices: { value: string; label: Label }[];
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

/** So many are listed; `after` says that there are more. */
export const FOUND = 100;
/** Stands for the value of a masked field. Sent back, it changes nothing. */
export const MASK = "•••";

export const findCustomers = (q: string, signal?: AbortSignal, limit = FOUND): Promise<{ customers: Card[]; after: string | null }> => get("/api/customers", { q, limit }, signal);
export const readCard = (id: string, signal?: AbortSignal): Promise<Card> => get(at`/api/customers/${id}`, {}, signal);
/** With its masked fields; that is noted in the audit log. */
export const revealCard = (id: string): Promise<Card> => get(at`/api/customers/${id}`, { reveal: true });
export const removeCard = (id: string): Promise<void> => remove(at`/api/customers/${id}`);
export const readFields = (signal?: AbortSignal): Promise<CustomField[]> => get("/api/customers/fields", {}, signal);
export const readContacts = (id: string, signal?: AbortSignal): Promise<Contact[]> => get(at`/api/customers/${id}/contacts`, {}, signal);
export const addCard = (details: Partial<Details>): Promise<Card> => post("/api/customers", details);
export const changeCard = (id: string, version: number, changes: Changes): Promise<Card> => patch(at`/api/customers/${id}`, { version, ...changes });
export const addNote = (id: string, text: string): Promise<Card> => post(at`/api/customers/${id}/notes`, { text });
export const mergeCards = (id: string, other: string): Promise<Card> => post(at`/api/customers/${id}/merge`, { other });
export const importCards = (file: Blob, all_or_nothing: boolean): Promise<ImportReport> =>
  post(`/api/customers/import?all_or_nothing=${all_or_nothing}`, new Blob([file], { type: "text/csv" }));
export const EXPORT_PATH = "/api/customers/export";
