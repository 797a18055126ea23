import { Alert, Button, Card } from "antd";

import { useI18n } from "../i18n/i18n";
import { SecondFactorSetup } from "./SecondFactorSetup";
import { useWho } from "./session";

/** Shown before anything else to who must have a second factor, and has none. */
export default function SecondFactorPage({ onDone }: { onDone: () => void }) {
  const { t } = useI18n();
  const { signOut } = useWho();
  return (
    <main className="login">
      <Card className="login-card">
        <h1>{t("second.title")}</h1>
        <Alert className="login-news" type="info" showIcon title={t("second.must")} />
        <SecondFactorSetup withPassword={false} onDone={onDone} />
        <Button type="link" className="login-back" onClick={signOut}>
          {t("shell.sign-out")}
        </Button>
      </Card>
    </main>
  );
}
