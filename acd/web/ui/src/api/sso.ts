import { get, post } from "./http";
import type { Session } from "./session";

/** Whether there is single sign-on, and what is left for passwords. */
export interface Offer {
  offered: boolean;
  /** Of the button, by language. */
  label: Record<string, string>;
  passwords: "always" | "admins" | "never";
  /** Where the provider ends its own session, as far as that is known. */
  sign_out: string | null;
}

export interface SignedOn {
  session: Session;
  /** The page of ours to go on with. */
  next: string;
}

/** What the provider has sent the browser back with. */
export type Return = Partial<Record<"state" | "code" | "error" | "error_description", string>>;

const AT = "/api/session/sso";
const CALLBACK = "/sign-in/callback";
const BROUGHT = ["state", "code", "error", "error_description"] as const;

export const readOffer = (signal?: AbortSignal): Promise<Offer> => get(AT, {}, signal);
export const comeBack = (returned: Return): Promise<SignedOn> => post(AT, returned);
export const showSecondFactor = (code: string): Promise<SignedOn> => post(AT, { second_factor: code });

/** Leaves the page for that of the provider. */
export async function setOut(): Promise<void> {
  const { address } = await post<{ address: string }>(`${AT}/begin`, { next: location.pathname + location.search });
  location.assign(address);
}

/** What the provider has sent with the browser, once: it goes from the address at the same time. */
export function takeReturn(): Return | null {
  if (location.pathname !== CALLBACK) return null;
  const query = new URLSearchParams(location.search);
  history.replaceState(null, "", "/");
  const brought = BROUGHT.map((name) => [name, query.get(name)] as const).filter(([, value]) => value !== null);
  return Object.fromEntries(brought) as Return;
}
