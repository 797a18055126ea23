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
  /** When a callback was promised for; null where it was asked for as soon as may be. */
  due_at?: number | null;
  /** How a callback stands in line now, where it is called by itself. */
  line: { state: string; next_at: number | null } | null;
  history: { at: number; who: string; state: string; agent: string | null; note: string }[];
}

/** Nobody has it, and it is not done: anybody of the group may take it. */
export const isFree = (task: Task): boolean => !["assigned", "done", "cancelled"].includes(task.state);

export const isClosed = (task: Task): boolean => task.state === "done" || task.state === "cancelled";

/** Whether it was promised for a moment that is over. */
export const isOverdue = (task: Task, now_s: number): boolean => !isClosed(task) && typeof task.due_at === "number" && task.due_at <= now_s;

/** Broken promises first, then by when each is due: at once, where nothing was promised. */
export function byDue(tasks: readonly Task[], now_s: number): Task[] {
  const due = (task: Task): number => task.due_at ?? task.at;
  return tasks.toSorted((one, other) => Number(isOverdue(other, now_s)) - Number(isOverdue(one, now_s)) || due(one) - due(other));
}

export interface Tasks {
  tasks: Task[];
  /** By kind, where the list of closed ones goes on. */
  after: Partial<Record<TaskKind, string>>;
  /** How many of each kind have been read. */
  pages: number;
}

interface Wanted {
  kind?: TaskKind | undefined;
  closed: boolean;
}

/** Both kinds where none is said. With closed ones the newest first, `pages` of each kind, or as many as there are. */
export async function readInbox({ kind, closed }: Wanted, pages: number, signal?: AbortSignal): Promise<Tasks> {
  let found: Tasks = { ...(await readPage(kind ? [kind] : ["callback", "voicemail"], closed, {}, signal)), pages: 1 };
  while (found.pages < pages && goesOn(found)) {
    const next = await readPage(Object.keys(found.after) as TaskKind[], closed, found.after, signal);
    found = { tasks: [...found.tasks, ...next.tasks], after: next.after, pages: found.pages + 1 };
  }
  return closed ? newestFirst(found) : found;
}

export const goesOn = (found: Tasks): boolean => Object.keys(found.after).length > 0;

async function readPage(kinds: readonly TaskKind[], closed: boolean, places: Tasks["after"], signal?: AbortSignal): Promise<Omit<Tasks, "pages">> {
  const ask = (kind: TaskKind) => get<{ tasks: Task[]; after?: string | null }>("/api/inbox", { kind, closed, after: places[kind] }, signal);
  const found = await Promise.all(kinds.map(ask));
  const after = Object.fromEntries(found.flatMap((page, index) => (page.after ? [[kinds[index]!, page.after]] : [])));
  return { tasks: found.flatMap((page) => page.tasks), after };
}

const newestFirst = (found: Tasks): Tasks => ({ ...found, tasks: found.tasks.toSorted((one, other) => other.at - one.at) });

export const orderTask = (task: Task, order: TaskOrder, note = ""): Promise<Task> => post(at`/api/inbox/${task.kind}/${task.id}`, { do: order, note });
export const soundOf = (task: Task): string => at`/api/inbox/voicemail/${task.id}/sound`;
