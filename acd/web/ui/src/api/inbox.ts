import { at, get, post } from "./http";

export type TaskKind = "callback" | "voicemail";
export type TaskOrder = "take" | "call" | "done" | "release" | "cancel";

/** A callback that was asked for, or a message that was left. */
export interface Task {
  kind: TaskKind;
  id: string;
  at: number;
  group: string | null;
  number: string | null;
  customer: { id: string; name: string } | null;
  /** When the caller wishes, or was promised, to be called. */
  due_at: number | null;
  duration_s: number | null;
  note: string | null;
  state: "open" | "taken" | "done" | "cancelled";
  agent: string | null;
  changed_at: number;
}

export const readInbox = (query: { kind?: TaskKind | undefined; group?: string; closed?: boolean }, signal?: AbortSignal): Promise<{ tasks: Task[] }> =>
  get("/api/inbox", query, signal);
export const orderTask = (task: Task, order: TaskOrder, note?: string): Promise<Task> =>
  post(at`/api/inbox/${task.kind}/${task.id}`, { do: order, note: note ?? null });
export const soundOf = (task: Task): string => at`/api/inbox/voicemail/${task.id}/sound`;
