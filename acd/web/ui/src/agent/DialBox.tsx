import { PhoneOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Input, Space } from "antd";
import { useRef, useState } from "react";

import { useLoaded } from "../api/hooks";
import { orderCall } from "../api/me";
import { readTargets } from "../api/targets";
import { useI18n } from "../i18n/i18n";
import { useLink } from "../live/hooks";
import type { Agent } from "../live/shapes";
import { useShortcuts } from "../shell/shortcuts";
import { callInHand } from "./controls";
import { findTargets } from "./targets";
import { useAction } from "./useAction";

/** Calls a number, or a colleague by name. */
export function DialBox({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const off = useLink() !== "up";
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState(false);
  const field = useRef<{ focus: () => void } | null>(null);
  const { value } = useLoaded(wanted ? "targets" : null, readTargets);
  const { pending, run } = useAction<"dial">(agent);
  const free = callInHand(agent) === null && agent.state !== "logged_out" && agent.state !== "ringing";
  const colleagues = value && text.trim() ? findTargets(value, text, "agent", agent.id).slice(0, 8) : [];

  const dial = async (given: string) => {
    const colleague = colleagues.find((one) => one.id === given);
    const number = given.replace(/[^\d+*#]/g, "");
    if (!colleague && !number) return;
    if (await run("dial", () => orderCall(colleague ? { do: "dial", agent_to: colleague.id } : { do: "dial", number }))) setText("");
  };
  useShortcuts([{ code: "KeyD", keys: "D", title: "dial.title", on: free, run: () => field.current?.focus() }]);

  return (
    <section className="card dial" aria-label={t("dial.title")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void dial(colleagues.length === 1 && !/\d/.test(text) ? colleagues[0]!.id : text);
        }}
      >
        <Space.Compact block>
          <AutoComplete
            ref={field as never}
            className="dial-field"
            value={text}
            disabled={off || !free}
            options={colleagues.map((one) => ({ value: one.id, label: one.name }))}
            onFocus={() => setWanted(true)}
            onChange={(value: string) => setText(value)}
            onSelect={(value: string) => void dial(value)}
          >
            <Input aria-label={t("dial.title")} placeholder={t("dial.hint")} maxLength={40} inputMode="tel" />
          </AutoComplete>
          <Button htmlType="submit" icon={<PhoneOutlined aria-hidden />} loading={pending === "dial"} disabled={off || !free || !text.trim()} aria-label={t("dial.do")} />
        </Space.Compact>
      </form>
    </section>
  );
}
