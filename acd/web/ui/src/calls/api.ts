import { at, get } from "../api/http";

/** A call as lists have it; moments as ISO text, waits and talks in seconds over all groups. */
export interface CallLine {
  id: string;
  kind: string;
  /** Who knows of it: acd, or fallback, cdr, queue_log, csv. */
  source: string;
  caller_number: string;
  caller_name: string;
  dialed_number: string;
  customer: { id: string; name: string; segment: string | null } | null;
  started_at: string;
  ended_at: string | null;
  ended_by: string | null;
  groups: string[];
  agents: string[];
  wait_s: number;
  talk_s: number;
}

/** One thing that happened; which fields it has depends on `fact`. */
export interface Fact {
  fact: string;
  at: number;
  [field: string]: unknown;
}

/** One wait in a group's line; times in seconds. */
export interface Visit {
  group: string;
  queued_at: string;
  outcome: string;
  wait_s: number;
  agent: string | null;
  talk_s: number;
  hold_s: number;
  wrap_up_s: number;
}

export interface CallStory {
  call: CallLine;
  /** Line by line, for people who read English. */
  story: string[];
  visits: Visit[];
  facts: Fact[];
}

/** `from` and `to` are local times of the centre: a day such as 2026-11-22, or 2026-11-22T10:00. */
export interface CallFilter {
  from: string | null;
  to: string | null;
  group: string | null;
  agent: string | null;
  number: string | null;
}

export const LISTED = 200;

export const findCalls = (filter: CallFilter, signal?: AbortSignal): Promise<CallLine[]> => get("/api/calls", { ...filter, ongoing: true, limit: LISTED }, signal);
export const readStory = (call: string, signal?: AbortSignal): Promise<CallStory> => get(at`/api/calls/${call}`, {}, signal);
