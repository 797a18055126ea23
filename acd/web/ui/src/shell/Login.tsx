import { Alert, Button, Card, Form, Input, Segmented } from "antd";
import { useState } from "react";

import { useFaultText } from "../api/hooks";
import { signIn, type Session } from "../api/session";
import { LANGUAGES, useI18n, type Language } from "../i18n/i18n";

interface Props {
  /** Whether a session has ended by itself, which is to be said. */
  ended: boolean;
  onSignedIn: (session: Session) => void;
  onLanguage: (language: Language) => void;
}

export function Login({ ended, onSignedIn, onLanguage }: Props) {
  const { t, language } = useI18n();
  const faultText = useFaultText();
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (given: { username: string; password: string }) => {
    setBusy(true);
    setFault(null);
    try {
      onSignedIn(await signIn(given.username.trim(), given.password));
    } catch (why) {
      setFault(why);
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <Card className="login-card">
        <h1>{t("login.title")}</h1>
        <div role="alert" className="login-news">
          {fault !== null && <Alert type="error" showIcon title={faultText(fault)} />}
          {ended && fault === null && <Alert type="info" showIcon title={t("login.ended")} />}
        </div>
        <Form layout="vertical" requiredMark={false} onFinish={submit} disabled={busy}>
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
