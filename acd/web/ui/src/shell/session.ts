import { createContext, useContext } from "react";

import type { Session, ThemeChoice } from "../api/session";
import type { Language } from "../i18n/i18n";

export interface Who {
  session: Session;
  theme: ThemeChoice;
  setTheme: (theme: ThemeChoice) => void;
  setLanguage: (language: Language) => void;
  signOut: () => void;
}

const Context = createContext<Who | null>(null);

export const WhoProvider = Context.Provider;

/** Who is signed in; only below the shell. */
export function useWho(): Who {
  const who = useContext(Context);
  if (!who) throw new Error("nobody is signed in here");
  return who;
}
