import { Form, Input } from "antd";

import { useI18n } from "../i18n/i18n";

/** A code of the authenticator app or, where `recovery`, also a recovery code. */
export function CodeField({ recovery = false, autoFocus = false }: { recovery?: boolean; autoFocus?: boolean }) {
  const { t } = useI18n();
  return (
    <Form.Item
      name="code"
      label={t("second.code")}
      extra={recovery ? t("second.code-hint") : undefined}
      rules={[{ required: true, whitespace: true, message: t("second.code-missing") }]}
    >
      <Input autoFocus={autoFocus} autoComplete="one-time-code" inputMode={recovery ? "text" : "numeric"} spellCheck={false} autoCapitalize="none" maxLength={40} />
    </Form.Item>
  );
}
