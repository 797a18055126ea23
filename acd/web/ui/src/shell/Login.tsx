import { Alert, Button, Card, Divider, Form, Input, Segmented, Spin } from "antd";
import { useState } from "react";

import { ApiError } from "../api/http";
import { useFaultText, useLoaded } from "../api/hooks";
import { signIn, type Session } from "../api/session";
import { readOffer, setOut, showSecondFactor, type Offer, type SignedOn } from "../api/sso";
import { LANGUAGES, useI18n, type Language } from "../i18n/i18n";
import { CodeField } from "./CodeField";

interface Props {
  /** Whether a session has ended by itself, which is to be said. */
  ended: boolean;
  /** Why one was not let in who has come back from single sign-on. */
  fault: unknown;
  /** Whether who has just signed out had come by single sign-on. */
  byProvider: boolean;
  onSignedIn: (session: Session) => void;
  onSignedOn: (signed: SignedOn) => void;
  onLanguage: (language: Language) => void;
}

interface Given {
  username: string;
  password: string;
}

const NO_OFFER: Offer = { offered: false, label: {}, passwords: "always", sign_out: null };
const wantsCode = (fault: unknown) => fault instanceof ApiError && fault.code === "second-factor-needed";

export function Login({ ended, fault: before, byProvider, onSignedIn, onSignedOn, onLanguage }: Props) {
  const { t, language } = useI18n();
  const faultText = useFaultText();
  const offered = useLoaded("sso", readOffer);
  const [fault, setFault] = useState<unknown>(wantsCode(before) ? null : (before ?? null));
  const [busy, setBusy] = useState(false);
  /** All but a code is right, and that is asked for, too: of whom single sign-on vouches for, or of name and password. */
  const [halfway, setHalfway] = useState<Given | "sso" | null>(wantsCode(before) ? "sso" : null);
  const offer = offered.value ?? NO_OFFER;

  const attempt = async (work: () => Promise<void>, given: Given | null = null) => {
    setBusy(true);
    setFault(null);
    try {
      await work();
    } catch (why) {
      const asked = given !== null && wantsCode(why);
      if (asked) setHalfway(given);
      setFault(asked ? null : why);
      setBusy(false);
    }
  };
  const submit = (given: Given) => attempt(async () => onSignedIn(await signIn(given.username.trim(), given.password, null)), given);
  const submitCode = (code: string) =>
    attempt(async () => {
      if (halfway === "sso") onSignedOn(await showSecondFactor(code));
      else if (halfway !== null) onSignedIn(await signIn(halfway.username.trim(), halfway.password, code));
    });
  const back = () => {
    setHalfway(null);
    setFault(null);
  };

  return (
    <main className="login">
      <Card className="login-card">
        <h1>{t(halfway === null ? "login.title" : "second.login-title")}</h1>
        <div role="alert" className="login-news">
          {fault !== null && <Alert type="error" showIcon title={faultText(fault)} />}
          {ended && fault === null && halfway === null && <Alert type="info" showIcon title={t("login.ended")} />}
          {byProvider && offer.sign_out !== null && fault === null && halfway === null && (
            <Alert type="info" showIcon title={t("login.still-there")} action={<a href={offer.sign_out}>{t("login.sign-out-there")}</a>} />
          )}
        </div>
        {halfway !== null ? (
          <Form<{ code: string }> key="code" layout="vertical" requiredMark={false} onFinish={({ code }) => void submitCode(code)} disabled={busy}>
            <CodeField recovery autoFocus />
            <Button type="primary" htmlType="submit" block loading={busy}>
              {t("login.submit")}
            </Button>
            <Button type="link" className="login-back" onClick={back}>
              {t("second.back")}
            </Button>
          </Form>
        ) : offered.loading && offered.value === undefined ? (
          <Spin className="login-waiting" />
        ) : (
          <Ways offer={offer} busy={busy} onPassword={(given) => void submit(given)} onSingleSignOn={() => void attempt(setOut)} />
        )}
        <Segmented<Language>
          className="login-language"
          aria-label={t("shell.language")}
          value={language}
          onChange={onLanguage}
          options={(Object.keys(LANGUAGES) as Language[]).map((code) => ({ value: code, label: LANGUAGES[code] }))}
        />
      </Card>
    </main>
  );
}

interface WaysProps {
  offer: Offer;
  busy: boolean;
  onPassword: (given: Given) => void;
  onSingleSignOn: () => void;
}

/** Name and password, single sign-on, or both; where passwords are for admins alone, they are one step away. */
function Ways({ offer, busy, onPassword, onSingleSignOn }: WaysProps) {
  const { t, label } = useI18n();
  const [opened, setOpened] = useState(false);
  const typing = !offer.offered || offer.passwords === "always" || (offer.passwords === "admins" && opened);
  return (
    <>
      {typing && (
        <Form<Given> key="password" layout="vertical" requiredMark={false} onFinish={onPassword} disabled={busy}>
          <Form.Item name="username" label={t("login.username")} rules={[{ required: true, message: t("login.username-missing") }]}>
            <Input autoFocus autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={100} />
          </Form.Item>
          <Form.Item name="password" label={t("login.password")} rules={[{ required: true, message: t("login.password-missing") }]}>
            <Input.Password autoComplete="current-password" maxLength={200} />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t("login.submit")}
          </Button>
        </Form>
      )}
      {offer.offered && typing && <Divider plain>{t("login.or")}</Divider>}
      {offer.offered && (
        <Button type={typing ? "default" : "primary"} block loading={busy && !typing} disabled={busy} onClick={onSingleSignOn}>
          {label(offer.label) || t("login.sso")}
        </Button>
      )}
      {offer.offered && offer.passwords === "admins" && !opened && (
        <Button type="link" className="login-back" onClick={() => setOpened(true)}>
          {t("login.with-password")}
        </Button>
      )}
    </>
  );
}
