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
  name: string;
  duration_s: number;
  state: "open" | "assigned" | "released" | "failed" | "expired" | "done" | "cancelled";
  agent: string | null;
  /** How a callback stands in line now, where it is called by itself. */
  line: { state: string; next_at: number | null } | null;
  history: { at: number; who: string; state: string; agent: string | null; note: string }[];
}

/** Nobody has it, and it is not done: anybody of the group may take it. */
export const isFree = (task: Task): boolean => !["assigned", "done", "cancelled"].includes(task.state);

/** Both kinds where none is said; the oldest first, as they wait. */
export async function readInbox(wanted: { kind?: TaskKind | undefined; closed: boolean }, signal?: AbortSignal): Promise<{ tasks: Task[] }> {
  const kinds: TaskKind[] = wanted.kind ? [wanted.kind] : ["callback", "voicemail"];
  const found = await Promise.all(kinds.map((kind) => get<{ tasks: Task[] }>("/api/inbox", { kind, closed: wanted.closed }, signal)));
  return { tasks: found.flatMap((one) => one.tasks).toSorted((one, other) => one.at - other.at) };
}

export const orderTask = (task: Task, order: TaskOrder, note = ""): Promise<Task> => post(at`/api/inbox/${task.kind}/${task.id}`, { do: order, note });
export const soundOf = (task: Task): string => at`/api/inbox/voicemail/${task.id}/sound`;
