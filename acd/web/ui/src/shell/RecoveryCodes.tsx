import { Alert, Button, Typography } from "antd";

import { useI18n } from "../i18n/i18n";

/** Shown this once. */
export function RecoveryCodes({ codes, onNoted }: { codes: readonly string[]; onNoted: () => void }) {
  const { t } = useI18n();
  return (
    <>
      <Alert className="login-news" type="warning" showIcon title={t("second.codes-title")} description={t("second.codes-note")} />
      <ul className="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="recovery-end">
        <Typography.Text copyable={{ text: codes.join("\n"), tooltips: [t("admin.copy"), t("admin.copied")] }}>{t("second.codes-copy")}</Typography.Text>
        <Button type="primary" onClick={onNoted}>
          {t("second.codes-noted")}
        </Button>
      </div>
    </>
  );
}
