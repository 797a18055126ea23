import { lazy, type ComponentType, type LazyExoticComponent } from "react";

import { mayAct, type Role, type Session } from "../api/session";
import type { Key } from "../i18n/i18n";

export interface Page {
  /** The first part of the path; what follows is the page's own affair. */
  path: string;
  title: Key;
  role: Role;
  /** Only for accounts that belong to an agent. */
  ofAgent?: true;
  content: LazyExoticComponent<ComponentType>;
}

/** All pages, in the order of the menu; each is loaded when it is first shown. */
export const PAGES: readonly Page[] = [
  { path: "/desk", title: "shell.agent", role: "agent", ofAgent: true, content: lazy(() => import("../agent/AgentPage")) },
  { path: "/inbox", title: "shell.inbox", role: "agent", content: lazy(() => import("../inbox/InboxPage")) },
  { path: "/wallboard", title: "shell.supervisor", role: "supervisor", content: lazy(() => import("../supervisor/SupervisorPage")) },
  { path: "/customers", title: "shell.customers", role: "agent", content: lazy(() => import("../customers/CustomersPage")) },
  { path: "/calls", title: "shell.calls", role: "supervisor", content: lazy(() => import("../calls/CallsPage")) },
  { path: "/reports", title: "shell.reports", role: "supervisor", content: lazy(() => import("../reports/ReportsPage")) },
  { path: "/admin", title: "shell.admin", role: "admin", content: lazy(() => import("../admin/AdminPage")) },
];

export const pagesFor = (session: Session): Page[] =>
  PAGES.filter((page) => mayAct(session, page.role) && (!page.ofAgent || session.agent !== null));

/** Where one begins: at one's desk, or else where there is most to see. */
export function startOf(pages: readonly Page[]): string {
  const found = ["/desk", "/wallboard"].find((path) => pages.some((page) => page.path === path));
  return found ?? pages[0]?.path ?? "/";
}
