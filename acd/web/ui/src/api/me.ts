import type { Label } from "../live/shapes";
import { at, get, post, put } from "./http";

export type StateOrder = "login" | "logout" | "ready" | "not-ready" | "revoke" | "wrap-up" | "wrap-up-extend" | "wrap-up-done";

export const orderState = (order: { do: StateOrder; phone?: string; reason?: string }): Promise<unknown> => post("/api/me/state", order);

export type TargetKind = "agent" | "group" | "number" | "flow";

/** What can be done with a call; `do` as on the control socket, without its prefix. */
export type CallOrder =
  | { do: "answer" | "hangup" | "hold" | "resume" | "take-up" | "consult-complete" | "consult-cancel" | "consult-join" | "record-resume" }
  | { do: "mute"; on: boolean }
  | { do: "keys"; keys: string }
  | { do: "transfer" | "consult" | "conference-add"; to: string; to_kind: TargetKind }
  | { do: "record-pause"; reason: string }
  | { do: "dial"; number?: string; agent_to?: string }
  | { do: "callback"; task: string };

export const orderCall = (order: CallOrder): Promise<unknown> => post("/api/me/call", order);

/** A phone that one may log in at. */
export interface Phone {
  phone: string;
  name: string | null;
  /** Who is logged in there; nobody else can. */
  agent: string | null;
}

export interface Phones {
  phones: Phone[];
  browser_phone: { uri: string; user: string; password: string; ws: string } | null;
}

export const readPhones = (): Promise<Phones> => get("/api/me/phone");

export interface Figures {
  calls: number;
  talk_s: number;
  wrap_up_s: number;
  not_ready_s: number;
  missed: number;
}

export const readFigures = (): Promise<Figures> => get("/api/me/figures");

/** A customer's card. */
export interface Card {
  id: string;
  name: string;
  company: string | null;
  segment: string | null;
  value: number | null;
  language: string | null;
  numbers: string[];
  emails: string[];
  tags: string[];
  fields: Record<string, string>;
  preferred_agent: string | null;
  notes: { at: number; by: string; text: string }[];
  version: number;
}

export interface Contact {
  call: string;
  at: number;
  direction: "inbound" | "outbound" | "callback" | "internal";
  group: string | null;
  agent: string | null;
  outcome: string;
  disposition: string | null;
  note: string | null;
  talk_s: number;
}

/** A field that goes with a disposition. */
export interface DispositionField {
  name: string;
  label: Label;
  kind: "text" | "number" | "choice" | "yes_no";
  required: boolean;
  choices?: { value: string; label: Label }[];
}

export interface Disposition {
  code: string;
  label: Label;
  fields?: DispositionField[];
  children?: Disposition[];
}

/** What a group wants to know after a call. */
export interface WrapUpForm {
  required: boolean;
  dispositions: Disposition[];
}

export interface Pop {
  call: string;
  customer: Card | null;
  /** Several customers have this number. */
  candidates: Card[];
  why: {
    dialed: string | null;
    number_name: string | null;
    path: string[];
    collected: Record<string, string>;
    lookups: Record<string, string>;
    waited_s: number | null;
    group: string | null;
    priority: number | null;
    transferred_from: string | null;
    reason: string | null;
  };
  before: {
    contacts: Contact[];
    callbacks: { id: string; at: number; group: string | null }[];
    voicemails: { id: string; at: number; group: string | null; duration_s: number }[];
  };
  greeting: string | null;
  links: { label: string; url: string }[];
  directory: "ok" | "down" | "slow";
  wrap_up: WrapUpForm | null;
}

export const readPop = (call: string, customer: string | null, signal: AbortSignal): Promise<Pop> =>
  get(at`/api/me/pop/${call}`, { customer }, signal);

/** What an agent says about a call; null: not said yet. */
export interface WrapUp {
  code: string | null;
  fields: Record<string, string>;
  note: string;
  callback_at: number | null;
}

export const sendWrapUp = (call: string, wrapUp: WrapUp): Promise<unknown> => post("/api/me/wrap-up", { call, ...wrapUp });
export const readDraft = (call: string, signal: AbortSignal): Promise<{ draft: (WrapUp & { saved_ms: number }) | null }> =>
  get(at`/api/me/draft/${call}`, {}, signal);
export const keepDraft = (call: string, draft: WrapUp & { saved_ms: number }): Promise<unknown> => put(at`/api/me/draft/${call}`, { draft });
