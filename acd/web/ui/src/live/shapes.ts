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
  extension: string;
  phone: string | null;
  browser_phone: string | null;
  phone_reachable: boolean;
  state: AgentState;
  reason: string | null;
  reason_label: Label | null;
  reason_max_s: number | null;
  since_at: number;
  until_at: number | null;
  /** What was asked for and comes when the work in hand is over: ready, not_ready:REASON, logged_out. */
  pending: string | null;
  next_state: string | null;
  occupied: boolean;
  login_at: number | null;
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
  muted: boolean;
  recording: null | "on" | "paused";
  parties: Party[];
  consult: null | { call: string; to: string; state: string };
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
  | { type: "ping"; now_s?: number }
  | { type: "pong"; now_s: number };
