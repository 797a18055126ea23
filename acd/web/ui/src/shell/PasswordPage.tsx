import { Alert, Card } from "antd";

import { useI18n } from "../i18n/i18n";
import { PasswordForm } from "./PasswordForm";

/** Shown before anything else to who has a password that somebody else knows. */
export default function PasswordPage({ onChanged }: { onChanged: () => void }) {
  const { t } = useI18n();
  return (
    <main className="login">
      <Card className="login-card">
        <h1>{t("password.title")}</h1>
        <Alert className="login-news" type="info" showIcon title={t("password.must")} />
        <PasswordForm onChanged={onChanged} />
      </Card>
    </main>
  );
}
