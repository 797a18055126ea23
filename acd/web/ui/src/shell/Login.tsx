import { Alert, Button, Card, Form, Input, Segmented } from "antd";
import { useState } from "react";

import { ApiError } from "../api/http";
import { useFaultText } from "../api/hooks";
import { signIn, type Session } from "../api/session";
import { LANGUAGES, useI18n, type Language } from "../i18n/i18n";
import { CodeField } from "./CodeField";

interface Props {
  /** Whether a session has ended by itself, which is to be said. */
  ended: boolean;
  onSignedIn: (session: Session) => void;
  onLanguage: (language: Language) => void;
}

interface Given {
  username: string;
  password: string;
}

export function Login({ ended, onSignedIn, onLanguage }: Props) {
  const { t, language } = useI18n();
  const faultText = useFaultText();
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  /** Name and password are right, and a code is asked for, too. */
  const [halfway, setHalfway] = useState<Given | null>(null);

  const submit = async (given: Given, code: string | null) => {
    setBusy(true);
    setFault(null);
    try {
      onSignedIn(await signIn(given.username.trim(), given.password, code));
    } catch (why) {
      const asked = why instanceof ApiError && why.code === "second-factor-needed";
      if (asked) setHalfway(given);
      setFault(asked ? null : why);
      setBusy(false);
    }
  };
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
        </div>
        {halfway === null ? (
          <Form<Given> key="password" layout="vertical" requiredMark={false} onFinish={(given) => void submit(given, null)} disabled={busy}>
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
        ) : (
          <Form<{ code: string }> key="code" layout="vertical" requiredMark={false} onFinish={({ code }) => void submit(halfway, code)} disabled={busy}>
            <CodeField recovery autoFocus />
            <Button type="primary" htmlType="submit" block loading={busy}>
              {t("login.submit")}
            </Button>
            <Button type="link" className="login-back" onClick={back}>
              {t("second.back")}
            </Button>
          </Form>
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
