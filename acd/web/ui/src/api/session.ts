import { get, patch, post, remove } from "./http";

export type Role = "agent" | "supervisor" | "admin";
export type ThemeChoice = "system" | "light" | "dark";

/** Who is signed in. */
export interface Session {
  username: string;
  role: Role;
  /** The agent this account belongs to; null for one who takes no calls. */
  agent: string | null;
  name: string;
  language: string | null;
  theme: string | null;
  must_change_password: boolean;
  must_set_up_second_factor: boolean;
  /** Whether one has signed in with single sign-on. */
  by_provider: boolean;
}

const RANK: Record<Role, number> = { agent: 0, supervisor: 1, admin: 2 };

/** Each role may what those before it may. */
export const mayAct = (session: Session, role: Role): boolean => RANK[session.role] >= RANK[role];

export const readSession = (): Promise<Session> => get<Session>("/api/session");
export const signIn = (username: string, password: string, code: string | null): Promise<Session> =>
  post<Session>("/api/session", { username, password, code });
export const signOut = (): Promise<void> => remove<void>("/api/session");
export const changePassword = (old: string, fresh: string): Promise<Session> =>
  post<Session>("/api/session/password", { old, new: fresh });
export const keepTaste = (taste: { language?: string; theme?: string }): Promise<Session> =>
  patch<Session>("/api/session", taste);
