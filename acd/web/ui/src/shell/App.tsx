import { Spin } from "antd";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";

import { ApiError, whenSignedOut } from "../api/http";
import { keepTaste, readSession, signOut, type Session } from "../api/session";
import { comeBack, takeReturn, type SignedOn } from "../api/sso";
import { bestLanguage, I18nProvider, loadTongue, makeI18n, type Language, type Tongue } from "../i18n/i18n";
import { live } from "../live/live";
import { ErrorBoundary } from "./ErrorBoundary";
import { Login } from "./Login";
import { WhoProvider } from "./session";
import { remember, remembered, themeChoice } from "./taste";
import { Themed } from "./theme";

const Layout = lazy(() => import("./Layout"));
const PasswordPage = lazy(() => import("./PasswordPage"));
const SecondFactorPage = lazy(() => import("./SecondFactorPage"));

type Phase = { name: "looking" } | { name: "signed-out"; ended: boolean; fault?: unknown; byProvider?: boolean } | { name: "signed-in"; session: Session };

/** Sign-in, language and colours; all else is below Layout and loaded when somebody is signed in. */
export function App({ firstTongue }: { firstTongue: Tongue }) {
  const [tongue, setTongue] = useState(firstTongue);
  const [theme, setTheme] = useState(() => themeChoice(remembered("theme")));
  const [phase, setPhase] = useState<Phase>({ name: "looking" });

  const speak = useCallback((language: Language) => {
    remember("language", language);
    void loadTongue(language).then(setTongue);
  }, []);

  const enter = useCallback(
    (session: Session) => {
      if (session.language) speak(bestLanguage([session.language]));
      if (session.theme) setTheme(themeChoice(session.theme));
      setPhase({ name: "signed-in", session });
    },
    [speak],
  );

  const enterOn = useCallback(
    ({ session, next }: SignedOn) => {
      history.replaceState(null, "", next);
      enter(session);
    },
    [enter],
  );

  const leave = useCallback((ended: boolean, byProvider = false) => {
    live.close();
    setPhase({ name: "signed-out", ended, byProvider });
  }, []);

  useEffect(() => {
    whenSignedOut(() => leave(true));
    const returned = takeReturn();
    if (returned !== null) comeBack(returned).then(enterOn, (fault: unknown) => setPhase({ name: "signed-out", ended: false, fault }));
    else lookForSession().then(enter, () => setPhase({ name: "signed-out", ended: false }));
  }, [enter, enterOn, leave]);

  const i18n = makeI18n(tongue);
  const changeTheme = (choice: typeof theme) => {
    remember("theme", choice);
    setTheme(choice);
  };

  return (
    <Themed choice={theme} tongue={tongue}>
      <I18nProvider i18n={i18n}>
        <ErrorBoundary>
          <Suspense fallback={<Waiting />}>
            {phase.name === "looking" && <Waiting />}
            {phase.name === "signed-out" && (
              <Login ended={phase.ended} fault={phase.fault} byProvider={phase.byProvider ?? false} onSignedIn={enter} onSignedOn={enterOn} onLanguage={speak} />
            )}
            {phase.name === "signed-in" && (
              <WhoProvider
                value={{
                  session: phase.session,
                  theme,
                  setTheme: (choice) => {
                    changeTheme(choice);
                    void keepTaste({ theme: choice }).catch(() => {});
                  },
                  setLanguage: (language) => {
                    speak(language);
                    void keepTaste({ language }).catch(() => {});
                  },
                  signOut: () => {
                    const gone = () => leave(false, phase.session.by_provider);
                    void signOut().then(gone, gone);
                  },
                }}
              >
                {phase.session.must_change_password ? (
                  <PasswordPage onChanged={() => enter({ ...phase.session, must_change_password: false })} />
                ) : phase.session.must_set_up_second_factor ? (
                  <SecondFactorPage onDone={() => enter({ ...phase.session, must_set_up_second_factor: false })} />
                ) : (
                  <Layout onSignedOut={() => leave(true)} />
                )}
              </WhoProvider>
            )}
          </Suspense>
        </ErrorBoundary>
      </I18nProvider>
    </Themed>
  );
}

/** While the server cannot be reached nobody is signed out: a reload in mid-call waits for it. */
async function lookForSession(): Promise<Session> {
  for (;;) {
    try {
      return await readSession();
    } catch (fault) {
      if (fault instanceof ApiError && (fault.status === 401 || fault.status === 403)) throw fault;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

function Waiting() {
  return (
    <div className="waiting">
      <Spin />
    </div>
  );
}
