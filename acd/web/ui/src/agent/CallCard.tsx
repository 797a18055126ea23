import { AudioMutedOutlined, PauseCircleOutlined, TeamOutlined } from "@ant-design/icons";
import { Tag } from "antd";

import { useNames } from "../api/names";
import { clockText } from "../format/format";
import { useI18n } from "../i18n/i18n";
import type { Agent, Call, Party } from "../live/shapes";
import { useNow } from "../live/ticks";
import { useHeardCall } from "../phone/hooks";
import { CallControls } from "./CallControls";
import { callInHand, isConference, otherSide, phaseOf, type Phase } from "./controls";

/** The call in hand: with whom, since when, in which state, and what can be done with it. */
export function CallCard({ agent, call: told }: { agent: Agent; call: Call }) {
  const { t } = useI18n();
  const call = useHeardCall(agent, told);
  const side = otherSide(call, agent);
  const phase = shownPhase(agent, call);
  const names = useNames();
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
        {call.group && <Tag className="cut">{names.group(call.group)}</Tag>}
        {call.kind !== "inbound" && <Tag>{t(`call.kind.${call.kind as "internal" | "outbound" | "callback"}`)}</Tag>}
      </p>
      <p className="call-marks">
        {call.on_hold && <Tag icon={<PauseCircleOutlined aria-hidden />} color="warning">{t("call.on-hold")}</Tag>}
        {call.muted && <Tag icon={<AudioMutedOutlined aria-hidden />} color="warning">{t("call.muted")}</Tag>}
        {call.recording === "on" && <Tag color="error" className="rec">{t("call.recording.on")}</Tag>}
        {call.recording === "paused" && <Tag>{t("call.recording.paused")}</Tag>}
      </p>
      {(call.consult || isConference(call)) && <Parties call={call} me={agent.id} joined={phase === "conference"} />}
      <CallControls agent={agent} call={call} />
    </section>
  );
}

const PHASES = {
  ringing: "ringing",
  talking: "talking",
  held: "hold",
  calling: "consult",
  consulting: "consult",
  conference: "conference",
  dialing: "dialing",
  own: "talking",
  own_held: "hold",
} as const satisfies Record<Exclude<Phase, "idle">, string>;

function shownPhase(agent: Agent, call: Call): (typeof PHASES)[keyof typeof PHASES] | "ended" {
  const phase = phaseOf(agent, call);
  // Over for this agent, though the caller may go on with somebody else; or we are still calling the customer back.
  if (phase === "idle") return call.state !== "ended" && call.id === callInHand(agent) ? "dialing" : "ended";
  return phase === "talking" && isConference(call) ? "conference" : PHASES[phase];
}

function CallClock({ since }: { since: number }) {
  const now_s = useNow();
  return <span className="call-clock figure">{clockText(now_s - since)}</span>;
}

/** `joined`: whoever was asked is one of those who talk, not apart. */
function Parties({ call, me, joined }: { call: Call; me: string; joined: boolean }) {
  const { t } = useI18n();
  const names = useNames();
  const name = (party: Party): string => (party.agent ? names.agent(party.agent) : null) ?? (party.who === "customer" ? call.customer?.name : null) ?? party.number ?? t("agent.unknown-number");
  return (
    <ul className="parties" aria-label={t("call.parties")}>
      {(call.parties ?? []).filter((party) => party.agent !== me).map((party, index) => (
        <li key={`${party.who} ${party.agent ?? party.number ?? index}`}>
          <TeamOutlined aria-hidden /> <bdi>{name(party)}</bdi>
          <span className="quiet">{t(`call.party.${party.who}`)}</span>
          {party.on_hold && <Tag>{t("call.on-hold")}</Tag>}
        </li>
      ))}
      {call.consult && !joined && (
        <li>
          <TeamOutlined aria-hidden /> <bdi>{names.agent(call.consult.to)}</bdi>
          <span className="quiet">{t(call.consult.state === "talking" ? "call.consult.talking" : "call.consult.ringing")}</span>
        </li>
      )}
    </ul>
  );
}
