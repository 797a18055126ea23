import { Alert, Button, Form, Input, Typography } from "antd";
import { useEffect, useRef, useState } from "react";

import { useFaultText } from "../api/hooks";
import { confirmSecondFactor, proposeSecondFactor, type Proposal } from "../api/security";
import { useI18n } from "../i18n/i18n";
import { CodeField } from "./CodeField";
import { RecoveryCodes } from "./RecoveryCodes";

interface Props {
  /** Whether the password is to be given first: not by who has given it a moment ago. */
  withPassword: boolean;
  onDone: () => void;
}

/** Password, picture and first code, recovery codes: one after the other. */
export function SecondFactorSetup({ withPassword, onDone }: Props) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [proposal, setProposal] = useState<Proposal | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const begun = useRef(false);

  const doing = async (work: () => Promise<void>) => {
    setBusy(true);
    setFault(null);
    try {
      await work();
    } catch (why) {
      setFault(why);
    }
    setBusy(false);
  };
  const begin = (password: string | null) => doing(async () => setProposal(await proposeSecondFactor(password)));
  const confirm = (code: string) => doing(async () => setCodes((await confirmSecondFactor(code.replaceAll(/\s/g, ""))).recovery_codes));
  useEffect(() => {
    if (withPassword || begun.current) return;
    begun.current = true;
    void begin(null);
  });

  if (codes !== null) return <RecoveryCodes codes={codes} onNoted={onDone} />;
  return (
    <>
      <div role="alert" className={fault === null ? undefined : "login-news"}>
        {fault !== null && <Alert type="error" showIcon title={faultText(fault)} />}
      </div>
      {proposal === null ? (
        withPassword && (
          <Form<{ password: string }> layout="vertical" requiredMark={false} disabled={busy} onFinish={({ password }) => void begin(password)}>
            <p>{t("second.what")}</p>
            <Form.Item name="password" label={t("password.old")} rules={[{ required: true, message: t("login.password-missing") }]}>
              <Input.Password autoFocus autoComplete="current-password" maxLength={200} />
            </Form.Item>
            <Button type="primary" htmlType="submit" block loading={busy}>
              {t("second.go-on")}
            </Button>
          </Form>
        )
      ) : (
        <Form<{ code: string }> layout="vertical" requiredMark={false} disabled={busy} onFinish={({ code }) => void confirm(code)}>
          <p>{t("second.scan")}</p>
          <img className="second-picture" src={proposal.picture} alt={t("second.picture")} />
          <p className="quiet">
            {t("second.secret")}
            <Typography.Text code className="second-secret" copyable={{ text: proposal.secret, tooltips: [t("admin.copy"), t("admin.copied")] }}>
              {proposal.secret.replaceAll(/(.{4})(?=.)/g, "$1 ")}
            </Typography.Text>
          </p>
          <CodeField autoFocus />
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t("second.confirm")}
          </Button>
        </Form>
      )}
    </>
  );
}
