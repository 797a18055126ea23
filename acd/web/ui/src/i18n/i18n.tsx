import type { Locale } from "antd/es/locale";
import { createContext, useContext, type ReactNode } from "react";

import type { Label } from "../live/shapes";
import type en from "./en";

export type Key = keyof typeof en;
export type Messages = Readonly<Record<Key, string>>;
export type Language = "en" | "zh-CN";
export type Values = Readonly<Record<string, string | number>>;

/** Each language by its own name. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", "zh-CN": "简体中文" };

/** All that a language brings: our texts, and those of Ant Design. */
export interface Tongue {
  language: Language;
  messages: Messages;
  antd: Locale;
}

const LOADERS: Record<Language, () => Promise<{ default: Messages; antd: Locale }>> = {
  en: () => import("./en"),
  "zh-CN": () => import("./zh-CN"),
};

export async function loadTongue(language: Language): Promise<Tongue> {
  const { default: messages, antd } = await LOADERS[language]();
  return { language, messages, antd };
}

/** The language to show: the first of `wishes` that is spoken here, by its whole code or its first part; else English. */
export function bestLanguage(wishes: readonly (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const code = wish?.replace("_", "-").toLowerCase();
    if (!code) continue;
    if (code.startsWith("zh")) return "zh-CN";
    if (code.startsWith("en")) return "en";
  }
  return "en";
}

/** `text` with each {name} replaced by its value. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => (name in values ? isolated(String(values[name])) : place));
}

const OTHER_WAY = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]/;

/** A text from elsewhere, so that letters which run the other way, or orders to do so, turn nothing but itself round. */
export const isolated = (text: string): string => (OTHER_WAY.test(text) ? `\u2068${balanced(text)}\u2069` : text);

/** Without ends of isolates that it has not begun, as in a hostile name, which would end ours; and with those that it lacks. */
function balanced(text: string): string {
  let open = 0;
  const kept = text.replace(/[\u2066-\u2069]/g, (mark) => {
    if (mark === "\u2069" && open === 0) return "";
    open += mark === "\u2069" ? -1 : 1;
    return mark;
  });
  return kept + "\u2069".repeat(open);
}

/** The text of a label that the server has in several languages. */
export function labelText(label: Label | null | undefined, language: Language): string {
  if (label === null || label === undefined) return "";
  if (typeof label === "string") return label;
  const short = language.split("-")[0]!;
  return label[language] ?? label[language.replace("-", "_")] ?? label[short] ?? label["en"] ?? Object.values(label)[0] ?? "";
}

export interface I18n {
  language: Language;
  /** The text for `key`, each {name} in it replaced by its value. */
  t: (key: Key, values?: Values) => string;
  /** The text for `key` where there is one: for codes that come from the server. */
  known: (key: string, values?: Values) => string | null;
  label: (label: Label | null | undefined) => string;
}

const Context = createContext<I18n | null>(null);

export function makeI18n({ language, messages }: Pick<Tongue, "language" | "messages">): I18n {
  return {
    language,
    t: (key, values) => fill(messages[key], values),
    known: (key, values) => (Object.hasOwn(messages, key) ? fill(messages[key as Key], values) : null),
    label: (label) => labelText(label, language),
  };
}

export function I18nProvider({ i18n, children }: { i18n: I18n; children: ReactNode }) {
  return <Context value={i18n}>{children}</Context>;
}

export function useI18n(): I18n {
  const i18n = useContext(Context);
  if (!i18n) throw new Error("no I18nProvider above");
  return i18n;
}
