/** The objects of the feed. Moments (`*_at`) are Unix seconds of the server's clock. */

/** A text in several languages, by code. */
export type Label = string | Readonly<Record<string, string>>;

export interface Reason {
  id: string;
  label: Label;
  selectable: boolean;
  max_s: number | null;
}

export interface Announcement {
  id: string;
  name: string;
  on: boolean;
  until_at: number | null;
}

export interface Centre {
  name: string;
  language: string;
  timezone: string;
  asterisk: string | boolean;
  dispatching: boolean;
  version: string;
  announcements: Announcement[];
  reasons: Reason[];
  groups: string[];
  /** Those that one's rights are for. */
  teams: Team[];
}

export interface Team {
  id: string;
  name: Label;
}

export interface Group {
  id: string;
  name: string;
  waiting: number;
  oldest_at: number | null;
  expected_wait_s: { p50: number; p90: number } | null;
  ready: number;
  talking: number;
  wrap_up: number;
  not_ready: number;
  staffed: number;
  calling_back: number;
  voicemails?: number;
}

export type AgentState = "logged_out" | "not_ready" | "ready" | "ringing" | "talking" | "wrap_up";

export interface Agent {
  id: string;
  name: string;
  team: string | null;
  extension: string;
  phone: string | null;
  /** Whether that phone is the one in the agent's browser. */
  browser_phone: boolean;
  phone_reachable: boolean;
  state: AgentState;
  reason: string | null;
  reason_label: Label | null;
  reason_max_s: number | null;
  since_at: number;
  until_at: number | null;
  /** What the agent has asked for and comes after the work in hand: logged_out, or the reason of not ready. */
  pending: string | null;
  /** What follows the work in hand; null where there is none. */
  next_state: AgentState | null;
  /** Why a ready agent gets no calls: the phone is in use, or a call was missed a moment ago. */
  occupied: "phone_in_use" | "back_off" | null;
  login_at: number | null;
  /** Counted up to `since_at`. */
  busy_s: number;
  calls_taken: number;
  calls_today: number;
  call: string | null;
  own_call: string | null;
  wrap_up_call: string | null;
  wrap_up_wanted: boolean;
  groups: string[];
  leaving: boolean;
  desktop: boolean;
}

export interface Party {
  who: "customer" | "agent" | "outside";
  agent?: string | null;
  number?: string | null;
  on_hold: boolean;
}

export interface Call {
  id: string;
  kind: string;
  state: string;
  since_at: number;
  arrived_at: number;
  queued_at: number | null;
  caller_number: string | null;
  caller_name: string | null;
  dialed_number: string | null;
  trunk: string | null;
  customer: { id: string; name: string; segment: string | null } | null;
  group: string | null;
  position: number | null;
  priority: number;
  ring: number | null;
  kept_for: string | null;
  agent: string | null;
  on_hold: boolean;
  muted?: boolean;
  recording?: null | "on" | "paused";
  parties?: Party[];
  consult?: null | { call: string; to: string; state: string };
  /** The agent who dialled it. */
  own_call_of?: string | null;
  outside_number: string | null;
  flow_step: string | null;
  wrap_up_for: string | null;
}

export interface Message {
  id: string;
  at: number;
  from: string;
  to: string[];
  text: string;
  urgent: boolean;
}

/** What each kind of key holds. */
export interface Kinds {
  centre: Centre;
  group: Group;
  agent: Agent;
  call: Call;
  message: Message;
  pop: { call: string };
  inbox: { changed_at: number };
}

export type Topic = "me" | "wallboard" | "calls" | "inbox" | "messages";

/** What the server sends. */
export type FromServer =
  | { type: "hello"; now_s: number; boot: string; session: unknown }
  | { type: "all"; topic: Topic; n: number; data: Record<string, unknown>; now_s?: number }
  | { type: "change"; topic: Topic; n: number; set?: Record<string, unknown>; drop?: string[]; now_s?: number }
  | { type: "link"; controller: "up" | "away" }
  | { type: "pong"; now_s: number };
