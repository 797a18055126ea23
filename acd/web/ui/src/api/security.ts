import { get, post, remove } from "./http";

export interface SecondFactor {
  on: boolean;
  since: string | null;
  codes_left: number;
  /** One's role may not be without. */
  demanded: boolean;
}

export interface Proposal {
  secret: string;
  /** A QR code, as a data: address. */
  picture: string;
}

export interface Proof {
  password: string;
  code: string;
}

export interface OpenSession {
  id: string;
  this: boolean;
  seen_at: string;
  created_at: string;
  address: string;
  browser: string;
}

interface Codes {
  recovery_codes: string[];
}

const AT = "/api/session/second-factor";

export const readSecondFactor = (signal?: AbortSignal): Promise<SecondFactor> => get(AT, {}, signal);
export const proposeSecondFactor = (password: string | null): Promise<Proposal> => post(AT, { password });
export const confirmSecondFactor = (code: string): Promise<Codes> => post(`${AT}/confirm`, { code });
export const renewRecoveryCodes = (proof: Proof): Promise<Codes> => post(`${AT}/codes`, proof);
export const turnSecondFactorOff = (proof: Proof): Promise<void> => post(`${AT}/off`, proof);
export const readSessions = (signal?: AbortSignal): Promise<OpenSession[]> => get("/api/sessions", {}, signal);
export const endSession = (id: string): Promise<void> => remove(`/api/sessions/${encodeURIComponent(id)}`);
export const endOtherSessions = (): Promise<void> => remove("/api/sessions");

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/** What people call a browser that calls itself by `agent`. */
export function browserName(agent: string): string {
  const of = (names: typeof BROWSERS) => names.find(([form]) => form.test(agent))?.[1];
  return [of(BROWSERS), of(SYSTEMS)].filter((name) => name !== undefined).join(", ") || agent.slice(0, 40);
}
