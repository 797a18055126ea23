import type { Disposition, WrapUp, WrapUpForm } from "../../api/me";

/** What is written so far, and when it was last changed (ms, this browser's clock). */
export interface Draft extends WrapUp {
  saved_ms: number;
}

export const EMPTY: Draft = { code: null, fields: {}, note: "", callback_at: null, saved_ms: 0 };

/** The newer of what the server and this browser have kept: a reload may come from either side of a lost network. */
export function newer(one: Draft | null, other: Draft | null): Draft {
  if (!one) return other ?? EMPTY;
  if (!other) return one;
  return one.saved_ms >= other.saved_ms ? one : other;
}

/** What a storage has held; null for anything that is not a draft. */
export function readDraftText(text: string | null): Draft | null {
  if (text === null) return null;
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== "object" || found === null) return null;
    const { code, fields, note, callback_at, saved_ms } = found as Record<string, unknown>;
    if (typeof note !== "string" || typeof saved_ms !== "number") return null;
    return {
      code: typeof code === "string" ? code : null,
      fields: typeof fields === "object" && fields !== null ? Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)])) : {},
      note,
      callback_at: typeof callback_at === "number" ? callback_at : null,
      saved_ms,
    };
  } catch {
    return null;
  }
}

/** The way from the root of the tree to the disposition `code`; empty where there is none. */
export function wayTo(code: string | null, nodes: readonly Disposition[]): Disposition[] {
  if (code === null) return [];
  for (const node of nodes) {
    if (node.code === code) return [node];
    const below = wayTo(code, node.children ?? []);
    if (below.length > 0) return [node, ...below];
  }
  return [];
}

export type Lack = { what: "code" } | { what: "field"; name: string } | { what: "callback-past" };

/** What is still missing before it can be sent. */
export function lacks(draft: WrapUp, form: WrapUpForm | null, now_s: number): Lack[] {
  const found: Lack[] = [];
  const way = wayTo(draft.code, form?.dispositions ?? []);
  if (form?.required && form.dispositions.length > 0 && way.length === 0) found.push({ what: "code" });
  for (const field of fieldsOf(way)) if (field.required && !draft.fields[field.name]?.trim()) found.push({ what: "field", name: field.name });
  if (draft.callback_at !== null && draft.callback_at <= now_s) found.push({ what: "callback-past" });
  return found;
}

/** The fields of a disposition are its own and those of what is above it. */
export const fieldsOf = (way: readonly Disposition[]) => way.flatMap((node) => node.fields ?? []);

/** What is sent: only the fields of the chosen disposition. */
export function toSend(draft: Draft, form: WrapUpForm | null): WrapUp {
  const names = new Set(fieldsOf(wayTo(draft.code, form?.dispositions ?? [])).map((field) => field.name));
  const fields = Object.fromEntries(Object.entries(draft.fields).filter(([name, value]) => names.has(name) && value.trim() !== ""));
  return { code: draft.code, fields, note: draft.note.trim(), callback_at: draft.callback_at };
}

export const isEmpty = (draft: WrapUp): boolean =>
  draft.code === null && draft.note.trim() === "" && draft.callback_at === null && Object.values(draft.fields).every((value) => value === "");
