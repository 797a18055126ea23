import { Alert, Button, Form, Input, Modal, Popconfirm } from "antd";
import { useState } from "react";

import { useLoaded } from "../api/hooks";
import { browserName, endOtherSessions, endSession, readSecondFactor, readSessions, renewRecoveryCodes, turnSecondFactorOff, type Proof, type SecondFactor } from "../api/security";
import { useDo } from "../api/useDo";
import { Loaded } from "../admin/Loaded";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { CodeField } from "./CodeField";
import { RecoveryCodes } from "./RecoveryCodes";
import { SecondFactorSetup } from "./SecondFactorSetup";

/** The second factor, and where one is signed in. */
export function SecurityDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Modal open className="security" title={t("shell.security")} footer={null} onCancel={onClose} width={560} mask={{ closable: false }} destroyOnHidden>
      <h3>{t("second.title-own")}</h3>
      <OwnSecondFactor />
      <h3>{t("sessions.title")}</h3>
      <OwnSessions />
    </Modal>
  );
}

function OwnSecondFactor() {
  const state = useLoaded("second-factor", readSecondFactor);
  const [doing, setDoing] = useState<"setup" | "codes" | "off" | null>(null);
  const done = () => {
    setDoing(null);
    state.reload();
  };
  if (doing === "setup") return <SecondFactorSetup withPassword onDone={done} />;
  if (doing !== null) return <WithProof what={doing} onDone={done} onCancel={() => setDoing(null)} />;
  return <Loaded state={state}>{(found) => <SecondFactorState found={found} onDo={setDoing} />}</Loaded>;
}

function SecondFactorState({ found, onDo }: { found: SecondFactor; onDo: (what: "setup" | "codes" | "off") => void }) {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  if (!found.on || found.since === null)
    return (
      <>
        <p className="quiet">{t("second.what")}</p>
        <Button type="primary" onClick={() => onDo("setup")}>
          {t("second.setup")}
        </Button>
      </>
    );
  return (
    <>
      <p>
        <span className="mark good">{t("second.on")}</span> {t("second.since", { when: format.moment(secondsOf(found.since), now_s) })}{" "}
        <span className={found.codes_left < 3 ? "mark warn" : "quiet"}>{t("second.left", { count: found.codes_left })}</span>
      </p>
      <div className="row">
        <Button onClick={() => onDo("codes")}>{t("second.new-codes")}</Button>
        {found.demanded ? (
          <span className="quiet">{t("second.demanded")}</span>
        ) : (
          <Button danger onClick={() => onDo("off")}>
            {t("second.off")}
          </Button>
        )}
      </div>
    </>
  );
}

function WithProof({ what, onDone, onCancel }: { what: "codes" | "off"; onDone: () => void; onCancel: () => void }) {
  const { t } = useI18n();
  const act = useDo();
  const [busy, setBusy] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const submit = async (proof: Proof) => {
    setBusy(true);
    await act(async () => {
      if (what === "codes") setCodes((await renewRecoveryCodes(proof)).recovery_codes);
      else {
        await turnSecondFactorOff(proof);
        onDone();
      }
    });
    setBusy(false);
  };
  if (codes !== null) return <RecoveryCodes codes={codes} onNoted={onDone} />;
  return (
    <Form<Proof> layout="vertical" requiredMark={false} disabled={busy} onFinish={(proof) => void submit(proof)}>
      <Alert className="login-news" type={what === "off" ? "warning" : "info"} showIcon title={t(what === "off" ? "second.off-note" : "second.new-codes-note")} />
      <Form.Item name="password" label={t("password.old")} rules={[{ required: true, message: t("login.password-missing") }]}>
        <Input.Password autoFocus autoComplete="current-password" maxLength={200} />
      </Form.Item>
      <CodeField recovery />
      <div className="row">
        <Button type="primary" danger={what === "off"} htmlType="submit" loading={busy}>
          {t(what === "off" ? "second.off" : "second.new-codes")}
        </Button>
        <Button onClick={onCancel}>{t("second.cancel")}</Button>
      </div>
    </Form>
  );
}

function OwnSessions() {
  const { t } = useI18n();
  const format = useFormat();
  const act = useDo();
  const now_s = useMinute();
  const state = useLoaded("sessions", readSessions);
  const end = async (work: () => Promise<void>) => {
    if (await act(work, t("sessions.ended"))) state.reload();
  };
  return (
    <Loaded state={state}>
      {(found) => (
        <>
          <ul className="sessions">
            {found.map((one) => (
              <li key={one.id}>
                <span>
                  <bdi>{browserName(one.browser)}</bdi> {one.this && <span className="mark good">{t("sessions.this")}</span>}
                  <br />
                  <span className="quiet">{t("sessions.seen", { address: one.address, when: format.moment(secondsOf(one.seen_at), now_s) })}</span>
                </span>
                {!one.this && (
                  <Button size="small" onClick={() => void end(() => endSession(one.id))}>
                    {t("shell.sign-out")}
                  </Button>
                )}
              </li>
            ))}
          </ul>
          {found.length > 1 && (
            <Popconfirm title={t("sessions.others-sure")} onConfirm={() => end(endOtherSessions)}>
              <Button danger>{t("sessions.others")}</Button>
            </Popconfirm>
          )}
        </>
      )}
    </Loaded>
  );
}
