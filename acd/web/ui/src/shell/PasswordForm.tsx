import { Alert, Button, Form, Input } from "antd";
import { useState } from "react";

import { ApiError } from "../api/http";
import { useFaultText } from "../api/hooks";
import { changePassword } from "../api/session";
import { useI18n } from "../i18n/i18n";

const SHORTEST = 10;

interface Given {
  old: string;
  fresh: string;
  repeat: string;
}

export function PasswordForm({ onChanged }: { onChanged: () => void }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const submit = async ({ old, fresh }: Given) => {
    setBusy(true);
    setFault(null);
    try {
      await changePassword(old, fresh);
      onChanged();
    } catch (why) {
      setFault(why);
      setBusy(false);
    }
  };
  const fieldTexts = fault instanceof ApiError ? Object.values(fault.fields).join(" ") : "";

  return (
    <Form<Given> layout="vertical" requiredMark={false} onFinish={submit} disabled={busy}>
      <div role="alert">{fault !== null && <Alert type="error" showIcon title={faultText(fault)} description={fieldTexts || undefined} />}</div>
      <Form.Item name="old" label={t("password.old")} rules={[{ required: true, message: t("login.password-missing") }]}>
        <Input.Password autoFocus autoComplete="current-password" maxLength={200} />
      </Form.Item>
      <Form.Item
        name="fresh"
        label={t("password.new")}
        extra={t("password.hint", { length: SHORTEST })}
        rules={[{ min: SHORTEST, required: true, message: t("password.short", { length: SHORTEST }) }]}
      >
        <Input.Password autoComplete="new-password" maxLength={200} />
      </Form.Item>
      <Form.Item
        name="repeat"
        label={t("password.repeat")}
        dependencies={["fresh"]}
        rules={[
          ({ getFieldValue }) => ({
            validator: async (_, value) => {
              if (value !== getFieldValue("fresh")) throw new Error(t("password.unequal"));
            },
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={200} />
      </Form.Item>
      <Button type="primary" htmlType="submit" block loading={busy}>
        {t("password.submit")}
      </Button>
    </Form>
  );
}
