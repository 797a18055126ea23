import { at, get, post } from "../api/http";

export type ListenMode = "listen" | "whisper" | "barge" | "stop";
export type StateWish = "ready" | "not_ready" | "logged_out";

/** What keeps a call waiting; durations in seconds from the moment of the answer. */
export interface WhyWaiting {
  group_name: string;
  suspended: boolean;
  present: boolean;
  waited_s: number;
  /** 0: it does not stand in line now. */
  position: number;
  waiting: number;
  priority: number;
  points: number;
  ageing: boolean;
  ahead: { call_id: string; waited_s: number; by: string }[];
  elsewhere: Record<string, number>;
  ring: number;
  rings: number;
  ring_requires: string;
  next_ring: { ring: number; in_s: number; requires: string; adds: string[]; adds_count: number } | null;
  kept_for: { agent: string; for_s: number; why: string } | null;
  steps: { number: number; when: string; does: string; taken_at_s: number | null; due_in_s: number | null; hindered: string; idle: boolean }[];
  tried: { agent: string; failure: string; ago_s: number }[];
  expected_p50_s: number | null;
  expected_p90_s: number | null;
  expected_known: boolean;
  leaves_in_s: number | null;
  agents: {
    able: { id: string; name: string; state: string; reason_label: string | null; since_s: number; needs: string }[];
    more_able: string[];
    unable: { id: string; name: string; lacks: string[]; from_ring: number | null }[];
    more_unable: string[];
    away: string[];
    away_count: number;
    reserved: Record<string, number>;
  };
}

export interface Interval {
  /** Unix seconds. */
  at: number;
  offered: number;
  answered: number;
  abandoned: number;
  service_level: number | null;
  aht_s: number | null;
}

export const PRIORITY_MAX = 100;

export const setAgentState = (agent: string, state: StateWish, reason?: string): Promise<unknown> =>
  post(at`/api/agents/${agent}/state`, reason === undefined ? { state } : { state, reason });
export const moveCall = (call: string, group: string): Promise<unknown> => post(at`/api/calls/${call}/move`, { group });
export const setPriority = (call: string, priority: number): Promise<unknown> => post(at`/api/calls/${call}/priority`, { priority });
export const readWhy = (call: string, signal?: AbortSignal): Promise<{ why: WhyWaiting | null }> => get(at`/api/calls/${call}/why`, {}, signal);
export const listenTo = (target: string, mode: ListenMode): Promise<unknown> => post("/api/spy", { target, mode });
/** Of one's own phone: whether it rings to listen, does, or does not. */
export type Listening = "none" | "ringing" | "connected";
export const readListening = async (signal: AbortSignal): Promise<Listening> => (await get<{ state: Listening }>("/api/spy", {}, signal)).state;
export const sendMessage = (to: readonly string[], text: string, urgent: boolean): Promise<unknown> => post("/api/messages", { to, text, urgent });
/** `until_s`: Unix seconds; null: until it is switched off. */
export const switchAnnouncement = (name: string, on: boolean, until_s: number | null): Promise<unknown> =>
  post("/api/announcements", on && until_s !== null ? { name, on, until: until_s } : { name, on });
export const readIntervals = (group: string | null, signal?: AbortSignal): Promise<{ intervals: Interval[] }> => get("/api/reports/intervals", { group }, signal);
