import type { CallFilter } from "./api";

const LOCAL_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$/;

/** What the address holds of a filter, so that a list can be sent to a colleague and survives a reload. */
export function filterOf(search: string): CallFilter {
  const given = new URLSearchParams(search);
  const text = (name: string) => given.get(name)?.trim() || null;
  const moment = (name: string) => (LOCAL_TIME.test(text(name) ?? "") ? text(name) : null);
  return { from: moment("from"), to: moment("to"), group: text("group"), agent: text("agent"), number: text("number") };
}

export function searchOf(filter: CallFilter): string {
  const given = Object.entries(filter).filter(([, value]) => value !== null && value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}
