import { AudioMutedOutlined, PauseCircleOutlined, TeamOutlined } from "@ant-design/icons";
import { Tag } from "antd";

import { clockText } from "../format/format";
import { useI18n } from "../i18n/i18n";
import type { Agent, Call, Party } from "../live/shapes";
import { useNow } from "../live/ticks";
import { useHeardCall } from "../phone/hooks";
import { CallControls } from "./CallControls";
import { isConference, otherSide } from "./controls";

/** The call in hand: with whom, since when, in which state, and what can be done with it. */
export function CallCard({ agent, call: told }: { agent: Agent; call: Call }) {
  const { t } = useI18n();
  const call = useHeardCall(agent, told);
  const side = otherSide(call);
  const ringing = agent.state === "ringing";
  const phase = agent.state === "wrap_up" || call.state === "ended" ? "ended" : ringing ? "ringing" : call.consult ? "consult" : call.on_hold ? "hold" : isConference(call) ? "conference" : call.state === "dialing_out" || call.state === "ringing" || call.state === "waiting" ? "dialing" : "talking";
  return (
    <section className={`card call call-${phase}`} aria-label={t("call.title")}>
      <p className="call-phase" role="status">
        {t(`call.phase.${phase}`)}
        <CallClock since={call.since_at} />
      </p>
      <h2 className="call-who">
        <bdi>{side.name ?? side.number ?? t("agent.unknown-number")}</bdi>
      </h2>
      <p className="quiet call-detail">
        {side.name && side.number && <bdi className="figure">{side.number}</bdi>}
        {call.group && <Tag>{call.group}</Tag>}
        {call.kind !== "inbound" && <Tag>{t(`call.kind.${call.kind as "internal" | "outbound" | "callback"}`)}</Tag>}
      </p>
      <p className="call-marks">
        {call.on_hold && <Tag icon={<PauseCircleOutlined aria-hidden />} color="warning">{t("call.on-hold")}</Tag>}
        {call.muted && <Tag icon={<AudioMutedOutlined aria-hidden />} color="warning">{t("call.muted")}</Tag>}
        {call.recording === "on" && <Tag color="error" className="rec">{t("call.recording.on")}</Tag>}
        {call.recording === "paused" && <Tag>{t("call.recording.paused")}</Tag>}
      </p>
      {(call.consult || isConference(call)) && <Parties call={call} me={agent.id} />}
      <CallControls agent={agent} call={call} />
    </section>
  );
}

function CallClock({ since }: { since: number }) {
  const now_s = useNow();
  return <span className="call-clock figure">{clockText(now_s - since)}</span>;
}

function Parties({ call, me }: { call: Call; me: string }) {
  const { t } = useI18n();
  const name = (party: Party): string => party.agent ?? (party.who === "customer" ? call.customer?.name : null) ?? party.number ?? t("agent.unknown-number");
  return (
    <ul className="parties" aria-label={t("call.parties")}>
      {(call.parties ?? []).filter((party) => party.agent !== me).map((party, index) => (
        <li key={`${party.who} ${party.agent ?? party.number ?? index}`}>
          <TeamOutlined aria-hidden /> <bdi>{name(party)}</bdi>
          <span className="quiet">{t(`call.party.${party.who}`)}</span>
          {party.on_hold && <Tag>{t("call.on-hold")}</Tag>}
        </li>
      ))}
      {call.consult && (
        <li>
          <TeamOutlined aria-hidden /> <bdi>{call.consult.to}</bdi>
          <span className="quiet">{t(call.consult.state === "talking" ? "call.consult.talking" : "call.consult.ringing")}</span>
        </li>
      )}
    </ul>
  );
}
