import { Alert, Button } from "antd";
import { useState } from "react";

import { useFaultText } from "../api/hooks";
import { orderCall } from "../api/me";
import { useI18n } from "../i18n/i18n";
import type { Call } from "../live/shapes";

const KEYS = [..."123456789*0#"];

/** Sends keys into the call, by mouse or from the keyboard; they are shown, as menus of others ask for long numbers. */
export function Keypad({ call }: { call: Call }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [sent, setSent] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  const send = (keys: string) => {
    setSent((old) => (old + keys).slice(-24));
    setFault(null);
    orderCall({ do: "keys", keys }, call.id).catch((why: unknown) => setFault(why));
  };
  return (
    // Keys are taken from wherever in the pad the focus is.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="keypad"
      role="group"
      aria-label={t("call.do.keys")}
      onKeyDown={(event) => {
        if (KEYS.includes(event.key)) send(event.key);
      }}
    >
      <output className="keypad-sent figure" aria-label={t("call.keys.sent")}>
        {sent || "\u00a0"}
      </output>
      <div className="keypad-keys">
        {KEYS.map((key, index) => (
          <Button key={`${call.id} ${key}`} autoFocus={index === 0} onClick={() => send(key)}>
            {key}
          </Button>
        ))}
      </div>
      {fault !== null && <Alert type="error" title={faultText(fault)} />}
    </div>
  );
}
