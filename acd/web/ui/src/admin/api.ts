import { at, get, getText, patch, post, remove } from "../api/http";
import type { Role } from "../api/session";

// Moments are ISO text, but for those of webhooks, which are Unix seconds.

export interface ConfigFile {
  name: string;
  text: string;
}

/** `path` reads like "groups > sales > wrap_up_s". */
export interface Problem {
  file: string;
  line: number;
  path: string;
  message: string;
  warning: boolean;
}

export interface Configuration {
  files: ConfigFile[];
  problems: Problem[];
}

/** `here`: how many callers are in which step now. */
export interface Flow {
  id: string;
  languages: string[];
  steps: number;
  here: Record<string, number>;
}

export interface Version {
  number: number;
  version: string;
  at: string;
  who: string;
  source: string;
  tests: string;
  /** The files that were other than in the version before. */
  changed: string[];
  active: boolean;
  /** Calls that began with it and go on. */
  calls: number;
}

export interface Account {
  username: string;
  role: Role;
  agent: string | null;
  /** Those that a supervisor's rights are for; null: all. */
  teams: string[] | null;
  disabled: boolean;
  must_change_password: boolean;
  second_factor: boolean;
  /** The name by which the identity provider knows its owner; null: it is linked with nobody. */
  single_sign_on: string | null;
  locked_until: string | null;
  created_at: string;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[];
  teams: string[] | null;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  state: "holds" | "expired" | "maker-gone";
}

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  note: string;
  enabled: boolean;
  created_by: string;
  created_at: number;
  failing_since: number | null;
  last_error: string | null;
  disabled_why: string | null;
  waiting: number;
  dropped: number;
}

export interface Delivery {
  id: number;
  event_id: string;
  event: string;
  state: "waiting" | "delivered" | "failed";
  tries: number;
  created_at: number;
  next_at: number | null;
  done_at: number | null;
  status: number | null;
  error: string | null;
  body: string;
}

export interface AuditLine {
  id: number;
  at: string;
  who: string;
  role: string;
  address: string;
  what: string;
  about: string;
  detail: Record<string, unknown>;
}

export interface AuditFilter {
  who: string | null;
  about: string | null;
  what: string | null;
  before: number | null;
}

export const SCOPES = ["read:state", "read:customers", "write:customers", "read:records", "control:calls", "control:agents", "supervise", "admin"] as const;

export const readConfiguration = (signal?: AbortSignal): Promise<Configuration> => get("/api/config", {}, signal);
export const readFlows = (signal?: AbortSignal): Promise<Flow[]> => get("/api/flows", {}, signal);
export const readPicture = (flow: string, signal?: AbortSignal): Promise<string> => getText(at`/api/flows/${flow}/picture` + "?traffic=today", signal);
export const readVersions = (signal?: AbortSignal): Promise<Version[]> => get("/api/versions", {}, signal);

export const readAccounts = (signal?: AbortSignal): Promise<Account[]> => get("/api/accounts", {}, signal);
export const addAccount = (given: { username: string; role: Role; agent: string | null; teams: string[] | null }): Promise<{ account: Account; password: string }> => post("/api/accounts", given);
export const changeAccount = (username: string, change: Partial<Pick<Account, "role" | "agent" | "teams" | "disabled">>): Promise<Account> => patch(at`/api/accounts/${username}`, change);
export const renewPassword = (username: string): Promise<{ password: string }> => post(at`/api/accounts/${username}/password`);
export const resetSecondFactor = (username: string): Promise<void> => remove(at`/api/accounts/${username}/second-factor`);
export const removeAccount = (username: string): Promise<void> => remove(at`/api/accounts/${username}`);

/** `name`: by language. */
export interface Team {
  id: string;
  name: Record<string, string>;
  agents: string[];
  groups: string[];
}

export const readTeams = (signal?: AbortSignal): Promise<Team[]> => get("/api/teams", {}, signal);

export const readTokens = (signal?: AbortSignal): Promise<Token[]> => get("/api/tokens", {}, signal);
export const addToken = (given: { name: string; scopes: string[]; expires_at: string | null; teams: string[] | null }): Promise<{ token: Token; key: string }> => post("/api/tokens", given);
export const removeToken = (id: string): Promise<void> => remove(at`/api/tokens/${id}`);

export const readWebhooks = (signal?: AbortSignal): Promise<Webhook[]> => get("/api/webhooks", {}, signal);
export const addWebhook = (given: { url: string; events: string[]; note: string }): Promise<Webhook & { secret: string }> => post("/api/webhooks", given);
export const changeWebhook = (id: string, change: { enabled: boolean }): Promise<Webhook> => patch(at`/api/webhooks/${id}`, change);
export const removeWebhook = (id: string): Promise<void> => remove(at`/api/webhooks/${id}`);
export const testWebhook = (id: string): Promise<{ ok: boolean; status: number | null; error: string | null; took_ms: number }> => post(at`/api/webhooks/${id}/test`);
export const readDeliveries = (id: string, signal?: AbortSignal): Promise<Delivery[]> => get(at`/api/webhooks/${id}/deliveries`, {}, signal);

export const readAudit = (filter: AuditFilter, signal?: AbortSignal): Promise<AuditLine[]> => get("/api/audit", { ...filter, limit: 100 }, signal);
