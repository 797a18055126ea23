import type { Phone, Phones } from "../api/me";
import type { Agent } from "../live/shapes";

/** Where one can log in and calls come: not at a phone that is known to be out of reach. */
const isFit = (phone: Phone, agent: Agent): boolean => !isTaken(phone, agent) && phone.registered !== false;

export const isTaken = (phone: Phone, agent: Agent): boolean => phone.agent !== null && phone.agent !== agent.id;

/** The phone of the last time, else the agent's own, else the browser; null: nothing of that would be reached by a call. */
export function firstChoice(phones: Phones, agent: Agent, last: string | null): string | null {
  const browser = phones.browser_phone?.user ?? null;
  const fit = new Set(phones.phones.filter((one) => isFit(one, agent)).map((one) => one.phone));
  if (browser !== null) fit.add(browser);
  return [last, agent.extension, browser].find((phone) => phone !== null && fit.has(phone)) ?? null;
}

/** Whether calls would not reach this one as it is now. */
export const isOutOfReach = (phones: Phones, chosen: string | null): boolean => phones.phones.some((one) => one.phone === chosen && one.registered === false);
