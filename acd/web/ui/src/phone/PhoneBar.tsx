import { AudioMutedOutlined, AudioOutlined, CustomerServiceOutlined, DownOutlined, PhoneOutlined, SoundOutlined } from "@ant-design/icons";
import { Alert, Button, Popover, Tooltip } from "antd";
import { lazy, Suspense, useState } from "react";

import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent } from "../live/shapes";
import { orderThrough } from "./actions";
import { phone } from "./browser";
import { DeviceMenu } from "./DeviceMenu";
import { usePhone } from "./hooks";
import { toneOfPhone, troubleOfPhone } from "./light";
import type { PhoneCall, Quality } from "./shapes";
import "./phone.css";

const MicCheck = lazy(() => import("./MicCheck").then((module) => ({ default: module.MicCheck })));

/** The browser as a phone, in the agent's bar: whether calls can come, devices, and how the connection is. */
export function PhoneBar({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const snapshot = usePhone();
  const call = useObject("me", "call", agent.call ?? agent.own_call);
  const muted = snapshot.muted || (call?.muted ?? false);
  const [menu, setMenu] = useState(false);
  const [check, setCheck] = useState(false);
  const talks = snapshot.calls.some((call) => call.state !== "ringing");
  const state = snapshot.elsewhere && snapshot.state === "registered" ? t("phone.state.elsewhere") : t(`phone.state.${snapshot.state}`);
  return (
    <div className="phone-bar" role="group" aria-label={t("phone.title")}>
      {!call && snapshot.calls[0] && <BareCall call={snapshot.calls[0]} />}
      {snapshot.quality && <QualityMark quality={snapshot.quality} />}
      {talks && (
        <Button
          type={muted ? "primary" : "default"}
          danger={muted}
          icon={muted ? <AudioMutedOutlined /> : <AudioOutlined />}
          aria-pressed={muted}
          aria-label={t("phone.mute")}
          title={t(muted ? "phone.unmute" : "phone.mute")}
          onClick={() => void orderThrough(agent, { do: "mute", on: !muted }).catch(() => {})}
        />
      )}
      <Popover
        placement="bottomRight"
        trigger="click"
        open={menu}
        onOpenChange={setMenu}
        destroyOnHidden
        content={
          <DeviceMenu
            onCheck={() => {
              setMenu(false);
              setCheck(true);
            }}
          />
        }
      >
        <Button type="text" className={`phone-light phone-${toneOfPhone(snapshot)}`} icon={<CustomerServiceOutlined />} aria-label={`${t("phone.title")}: ${state}. ${t("phone.devices")}`}>
          <span className="phone-dot" aria-hidden />
          {state} <DownOutlined />
        </Button>
      </Popover>
      <span className="unseen" role="status">
        {state}
      </span>
      {check && (
        <Suspense fallback={null}>
          <MicCheck onClose={() => setCheck(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** A call that the live picture does not show: while the call control is away Asterisk rings the agents by itself. */
function BareCall({ call }: { call: PhoneCall }) {
  const { t } = useI18n();
  return (
    <>
      <bdi className="cut">{call.name ?? call.number ?? ""}</bdi>
      {call.state === "ringing" && (
        <Button type="primary" icon={<PhoneOutlined />} onClick={() => phone.answer()}>
          {t("phone.answer")}
        </Button>
      )}
      <Button danger icon={<PhoneOutlined rotate={135} />} onClick={() => phone.hangUp()}>
        {t("phone.hang-up")}
      </Button>
    </>
  );
}

/** What is wrong with the phone and what to do about it, in words, below the bar; nothing where all is well. */
export function PhoneTrouble() {
  const { t } = useI18n();
  const snapshot = usePhone();
  const trouble = troubleOfPhone(snapshot);
  if (snapshot.soundBlocked) {
    return (
      <Alert
        banner
        type="warning"
        title={t("phone.blocked")}
        action={
          <Button size="small" icon={<SoundOutlined />} onClick={() => phone.allowSound()}>
            {t("phone.blocked.allow")}
          </Button>
        }
      />
    );
  }
  return trouble ? <Alert banner type={trouble.tone} title={t(trouble.text)} /> : null;
}

function QualityMark({ quality }: { quality: Quality }) {
  const { t } = useI18n();
  const format = useFormat();
  const percent = (share: number): string => `${format.number(Math.round(share * 1000) / 10)} %`;
  const ms = (value: number | null): string => (value === null ? "–" : `${format.number(Math.round(value))} ms`);
  const text = t("phone.quality.figures", {
    mos: format.number(Math.round(quality.mos * 10) / 10),
    loss_in: percent(quality.lossIn),
    loss_out: percent(quality.lossOut),
    jitter: ms(quality.jitter_ms),
    round_trip: ms(quality.roundTrip_ms),
  });
  const name = `${t("phone.quality")}: ${t(`phone.quality.${quality.grade}`)}`;
  return (
    <Tooltip title={`${name}. ${text}`}>
      <span className={`quality quality-${quality.grade}`} role="img" aria-label={name} data-grade={quality.grade}>
        <i />
        <i />
        <i />
      </span>
    </Tooltip>
  );
}
