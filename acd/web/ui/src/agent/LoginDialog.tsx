import { Alert, Button, Modal, Select, Spin } from "antd";
import { useState } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import { readPhones, type Phone } from "../api/me";
import { useNames } from "../api/names";
import { useReloadEvery } from "../api/useReloadEvery";
import { useI18n, type Key } from "../i18n/i18n";
import type { Agent } from "../live/shapes";
import { forgetPrepared, prepare, troubleText } from "../phone/prepare";
import { remember, remembered } from "../shell/taste";
import { firstChoice, isOutOfReach, isTaken } from "./loginPhones";

/** A phone that is switched on meanwhile is seen to be there. */
const AGAIN_S = 5;

interface Props {
  agent: Agent;
  onLogin: (phone: string) => Promise<boolean>;
  onClose: () => void;
}

/** At which phone to work: a desk's, or the browser itself. */
export function LoginDialog({ agent, onLogin, onClose }: Props) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const { value, fault, reload } = useLoaded("phones", readPhones);
  useReloadEvery(AGAIN_S, reload);
  const names = useNames();
  const [chosen, setChosen] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Key | null>(null);
  // What is proposed may go while the dialog is open; what somebody has chosen stays.
  const phone = chosen ?? (value ? firstChoice(value, agent, remembered("phone")) : null);

  const submit = async () => {
    if (phone === null) return;
    const here = phone === value?.browser_phone?.user;
    setBusy(true);
    setTrouble(null);
    try {
      if (here) await prepare(phone);
      if (await onLogin(phone)) {
        remember("phone", phone);
        onClose();
      } else if (here) forgetPrepared();
    } catch (why) {
      setTrouble(troubleText(why));
    }
    setBusy(false);
  };

  const labelOf = (one: Phone): string => {
    const name = one.name ? `${one.phone} · ${one.name}` : one.phone;
    if (isTaken(one, agent)) return t("agent.login.taken", { phone: name, agent: names.agent(one.agent ?? "") });
    return one.registered === false ? t("agent.login.unregistered", { phone: name }) : name;
  };

  return (
    <Modal open title={t("agent.login.title")} onCancel={onClose} footer={null} width={420}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {fault && !value ? <Alert type="error" showIcon title={faultText(fault)} /> : null}
        {!value && !fault && <Spin />}
        {value && (
          <Select
            autoFocus
            showSearch={{ optionFilterProp: "search" }}
            aria-label={t("agent.login.phone")}
            placeholder={t("agent.login.choose")}
            value={phone}
            onChange={(id: string) => {
              setChosen(id);
              setTrouble(null);
            }}
            options={[
              ...(value.browser_phone ? [{ value: value.browser_phone.user, label: t("agent.login.browser"), search: "" }] : []),
              ...value.phones.map((one) => ({ value: one.phone, disabled: isTaken(one, agent), search: `${one.phone} ${one.name ?? ""}`, label: labelOf(one) })),
            ]}
          />
        )}
        {value && isOutOfReach(value, phone) && <Alert type="warning" showIcon title={t(value.browser_phone ? "agent.login.out-of-reach-or-browser" : "agent.login.out-of-reach")} />}
        {trouble && <Alert type="error" showIcon title={t(trouble)} />}
        <p className="quiet">{t("agent.login.hint")}</p>
        <Button type="primary" htmlType="submit" block disabled={phone === null} loading={busy}>
          {t("agent.do.login")}
        </Button>
      </form>
    </Modal>
  );
}
