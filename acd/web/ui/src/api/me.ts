import type { Label } from "../live/shapes";
import type { Card, Contact } from "./customers";
import { at, get, post, put, remove } from "./http";

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

/** `call`: the one that is meant, so that a late click does nothing to the next customer's. */
export const orderCall = (order: CallOrder, call?: string): Promise<unknown> => post("/api/me/call", call === undefined ? order : { ...order, call });

/** A phone that one may log in at. */
export interface Phone {
  phone: string;
  name: string | null;
  /** Who is logged in there; nobody else can. */
  agent: string | null;
  /** Whether calls can reach it; null: not known now. */
  registered: boolean | null;
}

export interface Phones {
  phones: Phone[];
  browser_phone: { uri: string; user: string; password: string; ws: string } | null;
}

export const readPhones = (): Promise<Phones> => get("/api/me/phone");

/** Of what is over and on record today; empty before the first of it. */
export interface Figures {
  talking_s?: number;
  wrap_up_s?: number;
  ready_s?: number;
}

export const readFigures = (): Promise<Figures> => get("/api/me/figures");

/** A field that goes with a disposition. */
export interface DispositionField {
  name: string;
  label: Label;
  kind: string;
  required: boolean;
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
  customer: Card | null;
  /** Several customers have this number. */
  candidates: Card[];
  why: {
    dialed: string | null;
    number_name: string | null;
    path: Step[];
    collected: Record<string, string>;
    lookups: string[];
    waited_s: number | null;
    group: string | null;
    transferred_from: string | null;
    /** In the routing's words, which name agents and groups by their ids. */
    reason: string[];
  };
  before: {
    contacts: Contact[];
    callbacks: { id: string; at: number; group: string | null; due_at?: number | null }[];
    voicemails: { id: string; at: number; group: string | null; duration_s: number }[];
  };
  greeting: string;
  links: { label: string; url: string }[];
  directory: "ok" | "down" | "slow";
}

/** A station of the caller's way: a flow that was entered, a step of it, or a line (`arrow` is "queue"), whose group is the detail. */
export interface Step {
  flow: string;
  step: string;
  arrow: string;
  detail: string;
}

/** As the server has it: what was looked up with its result, perhaps no reasons. */
type Told = Omit<Pop, "why"> & { why: Omit<Pop["why"], "lookups" | "reason"> & { lookups: { step: string; result: string; detail: string }[]; reason: string | string[] | null } };

export async function readPop(call: string, signal: AbortSignal): Promise<Pop> {
  const told = await get<Told>(at`/api/me/pop/${call}`, {}, signal);
  const { lookups, reason } = told.why;
  return {
    ...told,
    why: {
      ...told.why,
      lookups: lookups.map((one) => [one.step, one.result, one.detail].filter(Boolean).join(" · ")),
      reason: typeof reason === "string" ? [reason] : (reason ?? []),
    },
  };
}

/** What an agent says about a call; null: not said yet. */
export interface WrapUp {
  code: string | null;
  fields: Record<string, string>;
  note: string;
  callback_at: number | null;
}

/** `done`: the wrap-up is over by that. */
export const sendWrapUp = (call: string, wrapUp: WrapUp, done: boolean): Promise<unknown> => post("/api/me/wrap-up", { call, ...wrapUp, done });

interface Code {
  id: string;
  label: Label;
  fields: { id: string; label: Label; kind: string; required: boolean }[];
  children: Code[];
}

/** What each group wants to know after a call, by group. */
export async function readForms(): Promise<Record<string, WrapUpForm>> {
  const told = await get<Record<string, { required: boolean; codes: Code[] }>>("/api/dispositions");
  return Object.fromEntries(Object.entries(told).map(([group, form]) => [group, { required: form.required, dispositions: form.codes.map(disposition) }]));
}

function disposition(code: Code): Disposition {
  const fields = code.fields.map(({ id, ...field }) => ({ name: id, ...field }));
  return { code: code.id, label: code.label, fields, ...(code.children.length > 0 ? { children: code.children.map(disposition) } : {}) };
}
export const readDraft = (call: string, signal: AbortSignal): Promise<{ draft: (WrapUp & { saved_ms: number }) | null }> =>
  get(at`/api/me/draft/${call}`, {}, signal);
export const keepDraft = (call: string, draft: WrapUp & { saved_ms: number }): Promise<unknown> => put(at`/api/me/draft/${call}`, { draft });

/** What was written about a call and not sent; `name`, `number`: the other side's; `started_at`: Unix seconds. */
export interface UnsentDraft {
  call: string;
  group: string | null;
  name: string;
  number: string;
  started_at: number | null;
  draft: WrapUp & { saved_ms: number };
}

export const readDrafts = async (signal: AbortSignal): Promise<UnsentDraft[]> => (await get<{ drafts: UnsentDraft[] }>("/api/me/drafts", {}, signal)).drafts;
export const dropDraft = (call: string): Promise<unknown> => remove(at`/api/me/draft/${call}`);
