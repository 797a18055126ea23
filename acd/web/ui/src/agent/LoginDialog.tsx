import { Alert, Button, Modal, Select, Spin } from "antd";
import { useState } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import { readPhones, type Phones } from "../api/me";
import { useNames } from "../api/names";
import { useI18n, type Key } from "../i18n/i18n";
import type { Agent } from "../live/shapes";
import { forgetPrepared, prepare, troubleText } from "../phone/prepare";
import { remember, remembered } from "../shell/taste";

interface Props {
  agent: Agent;
  onLogin: (phone: string) => Promise<boolean>;
  onClose: () => void;
}

/** At which phone to work: a desk's, or the browser itself. */
export function LoginDialog({ agent, onLogin, onClose }: Props) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const { value, fault } = useLoaded("phones", readPhones);
  const names = useNames();
  const [chosen, setChosen] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Key | null>(null);
  const phone = chosen ?? (value ? firstChoice(value, agent) : null);

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

  return (
    <Modal open title={t("agent.login.title")} onCancel={onClose} footer={null} width={420}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {fault ? <Alert type="error" showIcon title={faultText(fault)} /> : null}
        {!value && !fault && <Spin />}
        {value && (
          <Select
            autoFocus
            showSearch={{ optionFilterProp: "search" }}
            aria-label={t("agent.login.phone")}
            value={phone}
            onChange={(id: string) => {
              setChosen(id);
              setTrouble(null);
            }}
            options={[
              ...(value.browser_phone ? [{ value: value.browser_phone.user, label: t("agent.login.browser"), search: "" }] : []),
              ...value.phones.map((one) => {
                const taken = one.agent !== null && one.agent !== agent.id;
                const name = one.name ? `${one.phone} · ${one.name}` : one.phone;
                return { value: one.phone, disabled: taken, search: name, label: taken ? t("agent.login.taken", { phone: name, agent: names.agent(one.agent ?? "") }) : name };
              }),
            ]}
          />
        )}
        {trouble && <Alert type="error" showIcon title={t(trouble)} />}
        <p className="quiet">{t("agent.login.hint")}</p>
        <Button type="primary" htmlType="submit" block disabled={phone === null} loading={busy}>
          {t("agent.do.login")}
        </Button>
      </form>
    </Modal>
  );
}

/** The phone of the last time, else the agent's own, else the browser. */
function firstChoice(phones: Phones, agent: Agent): string | null {
  const known = [...phones.phones.filter((one) => one.agent === null || one.agent === agent.id).map((one) => one.phone), phones.browser_phone?.user];
  return [remembered("phone"), agent.extension, phones.browser_phone?.user].find((phone) => phone !== undefined && phone !== null && known.includes(phone)) ?? null;
}
