import { CloseOutlined, DownOutlined, PhoneOutlined, WarningOutlined } from "@ant-design/icons";
import { Button, Dropdown, Space, Tag, Tooltip } from "antd";
import { useState } from "react";

import { orderCall, orderState, type StateOrder } from "../api/me";
import { clockText } from "../format/format";
import { useI18n } from "../i18n/i18n";
import { useLink, useObject } from "../live/hooks";
import type { Agent } from "../live/shapes";
import { useNow } from "../live/ticks";
import { useAgentsPhone } from "../phone/hooks";
import { PhoneBar, PhoneTrouble } from "../phone/PhoneBar";
import { useShortcuts } from "../shell/shortcuts";
import { Figures } from "./Figures";
import { LoginDialog } from "./LoginDialog";
import { useReasons, useStateText } from "./reasons";
import { useRinging } from "./ringing";
import { BUSY, overTime_s, possibleOrders, toneOf } from "./states";
import { useAction } from "./useAction";
import "./agent.css";

/** The agent's own state, as the server has it, and what can be asked for; on every page of an agent. */
export default function StateBar({ agentId }: { agentId: string }) {
  const agent = useObject("me", "agent", agentId);
  return agent ? <Bar agent={agent} /> : <div className="bar" />;
}

function Bar({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const link = useLink();
  const [login, setLogin] = useState(false);
  const [menu, setMenu] = useState(false);
  const { pending, run } = useAction<StateOrder>(agent);
  const reasons = useReasons();
  const orders = possibleOrders(agent);
  const busy = BUSY.has(agent.state);
  const off = link !== "up";
  useRinging(agent);
  useAgentsPhone(agent, () => orderCall({ do: "take-up" }));

  const ask = (order: StateOrder, reason?: string) => void run(order, () => orderState(reason === undefined ? { do: order } : { do: order, reason }));
  const canReady = orders.has("ready") && !off;
  useShortcuts([
    { code: "KeyR", keys: "R", title: "agent.do.ready", on: canReady, run: () => ask("ready") },
    { code: "KeyN", keys: "N", title: "agent.do.not-ready", on: orders.has("not-ready") && !off, run: () => setMenu(true) },
  ]);

  const reasonItems = reasons.selectable.map((reason) => ({ key: reason.id, label: reason.text, onClick: () => ask("not-ready", reason.id) }));
  return (
    <>
    <section className="bar" aria-label={t("agent.state")}>
      <StateText agent={agent} />
      <Space size={6} wrap={false}>
        {orders.has("login") && (
          <Button type="primary" disabled={off} loading={pending === "login"} onClick={() => setLogin(true)}>
            {t("agent.do.login")}
          </Button>
        )}
        {orders.has("ready") && !busy && (
          <Button type="primary" disabled={off} loading={pending === "ready"} onClick={() => ask("ready")}>
            {t("agent.do.ready")}
          </Button>
        )}
        {orders.has("not-ready") && (
          <Dropdown
            trigger={["click"]}
            open={menu}
            onOpenChange={setMenu}
            disabled={off}
            menu={{
              autoFocus: true,
              items: [
                ...(busy && orders.has("ready") ? [{ key: "+ready", label: t("agent.do.ready"), onClick: () => ask("ready") }, { type: "divider" as const }] : []),
                ...reasonItems,
                { type: "divider" },
                { key: "+logout", label: t("agent.do.logout"), danger: true, onClick: () => ask("logout") },
              ],
            }}
          >
            <Button loading={pending === "not-ready" || pending === "logout"} disabled={off}>
              {t(busy ? "agent.afterwards" : "agent.do.not-ready")} <DownOutlined aria-hidden />
            </Button>
          </Dropdown>
        )}
        {busy && agent.pending !== null && (
          <Tag className="bar-next">
            {t("agent.then", { what: agent.pending === "logged_out" ? t("agent.state.logged_out") : reasons.text(agent.pending) })}
            <Button type="text" size="small" icon={<CloseOutlined aria-hidden />} aria-label={t("agent.do.revoke")} disabled={off} loading={pending === "revoke"} onClick={() => ask("revoke")} />
          </Tag>
        )}
        {orders.has("wrap-up") && agent.state === "talking" && (
          <Button type="text" disabled={off} loading={pending === "wrap-up"} onClick={() => ask("wrap-up")}>
            {t("agent.do.wrap-up")}
          </Button>
        )}
      </Space>
      <span className="bar-gap" />
      <Figures agent={agent} />
      {agent.state !== "logged_out" && (agent.browser_phone ? <PhoneBar agent={agent} /> : <PhoneMark agent={agent} />)}
      {login && <LoginDialog agent={agent} onClose={() => setLogin(false)} onLogin={(phone) => run("login", () => orderState({ do: "login", phone }))} />}
    </section>
    {agent.browser_phone && <PhoneTrouble />}
    </>
  );
}

/** State and time in it. Only changes of the state are read out, not each second. */
function StateText({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const now_s = useNow();
  const text = useStateText()(agent);
  const over = overTime_s(agent, now_s);
  const left = agent.until_at === null ? null : Math.max(0, Math.ceil(agent.until_at - now_s));
  return (
    <div className={`my-state my-state-${over > 0 ? "warning" : toneOf(agent)}`}>
      <span className="my-state-mark" aria-hidden />
      <span className="my-state-name cut" role="status">
        {text}
      </span>
      {agent.state !== "logged_out" && (
        <span className="my-state-time figure" role="timer" aria-label={t("agent.time-in-state")}>
          {clockText(now_s - agent.since_at)}
        </span>
      )}
      {left !== null && <span className="my-state-left figure">{t("agent.left", { time: clockText(left) })}</span>}
      {over > 0 && (
        <span className="my-state-left figure">
          <WarningOutlined aria-hidden /> {t("agent.over", { time: clockText(over) })}
        </span>
      )}
    </div>
  );
}

function PhoneMark({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const name = agent.phone ?? "";
  const text = agent.phone_reachable ? t("agent.phone.fine", { phone: name }) : t("agent.phone.away", { phone: name });
  return (
    <Tooltip title={text}>
      <span className={agent.phone_reachable ? "bar-phone" : "bar-phone bar-phone-away"}>
        {agent.phone_reachable ? <PhoneOutlined aria-hidden /> : <WarningOutlined aria-hidden />}
        <span aria-hidden>{name}</span>
        <span className="unseen">{text}</span>
      </span>
    </Tooltip>
  );
}
