import { Result, Spin } from "antd";
import { lazy, Suspense, useEffect, useRef } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";

import { useI18n } from "../i18n/i18n";
import { useObject, useTopic } from "../live/hooks";
import { live } from "../live/live";
import { AccountMenu } from "./AccountMenu";
import { ErrorBoundary } from "./ErrorBoundary";
import { LinkBanner } from "./LinkBanner";
import { pagesFor, startOf } from "./pages";
import { useWho } from "./session";

const StateBar = lazy(() => import("../agent/StateBar"));

/** What is around every page: the bar with menu and account, the agent's own state, and the page itself. */
export default function Layout({ onSignedOut }: { onSignedOut: () => void }) {
  const { t } = useI18n();
  const { session } = useWho();
  const ended = useRef(onSignedOut);
  useEffect(() => {
    ended.current = onSignedOut;
  });
  useEffect(() => {
    live.open(() => ended.current());
    return () => live.close();
  }, []);
  useTopic("me");
  const centre = useObject("me", "centre");
  const [path] = useLocation();
  const pages = pagesFor(session);
  const present = pages.find((page) => isWithin(path, page.path));
  useTitle(present ? t(present.title) : "", centre?.name);

  return (
    <div className="shell acd">
      <a className="skip" href="#content">
        {t("shell.skip")}
      </a>
      <header className="top">
        <span className="top-name">{centre?.name ?? ""}</span>
        <nav aria-label={t("shell.sections")}>
          {pages.map((page) => (
            <Link key={page.path} href={page.path} aria-current={page === present ? "page" : undefined} className="top-link">
              {t(page.title)}
            </Link>
          ))}
        </nav>
        <AccountMenu />
      </header>
      {session.agent !== null && (
        <ErrorBoundary>
          <Suspense fallback={<div className="bar" />}>
            <StateBar agentId={session.agent} />
          </Suspense>
        </ErrorBoundary>
      )}
      <LinkBanner />
      <main id="content" tabIndex={-1}>
        <ErrorBoundary key={present?.path ?? ""}>
          <Suspense fallback={<Spin className="waiting" />}>
            <Switch>
              {pages.map((page) => (
                <Route key={page.path} path={page.path} nest>
                  <page.content />
                </Route>
              ))}
              <Route path="/">
                <Redirect to={startOf(pages)} replace />
              </Route>
              <Route>
                <Result status="404" title={t("shell.not-found")} extra={<Link href="/">{t("shell.to-start")}</Link>} />
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
    </div>
  );
}

const isWithin = (path: string, page: string): boolean => path === page || path.startsWith(`${page}/`);

function useTitle(page: string, centre: string | undefined): void {
  useEffect(() => {
    document.title = [page, centre].filter(Boolean).join(" · ") || "acd";
  }, [page, centre]);
}
