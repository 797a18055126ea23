import { Empty } from "antd";

import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent, Call } from "../live/shapes";
import { useWho } from "../shell/session";
import { CallCard } from "./CallCard";
import { callInHand } from "./controls";
import { DialBox } from "./DialBox";
import { InboxGlance } from "./InboxGlance";
import { Messages } from "./Messages";
import { PopPanel } from "./pop/PopPanel";
import { useForm, usePop } from "./pop/usePop";
import { BUSY } from "./states";
import { UnsentCard } from "./wrapup/UnsentCard";
import { useUnsent } from "./wrapup/useUnsent";
import { WrapUpPanel } from "./wrapup/WrapUpPanel";
import "./agent.css";

/** The desk: the call in hand, who calls and why, what is to be noted about it. */
export default function AgentPage() {
  const { session } = useWho();
  const agent = useObject("me", "agent", session.agent ?? "");
  return agent ? <Desk agent={agent} /> : null;
}

function Desk({ agent }: { agent: Agent }) {
  const callId = callInHand(agent) ?? agent.wrap_up_call;
  const call = useObject("me", "call", callId);
  const drafts = useUnsent(agent, call && call.id === agent.wrap_up_call ? call.group : null);
  return (
    <div className={call ? "desk desk-call" : "desk"}>
      {call && <CallCard key={`card ${call.id}`} agent={agent} call={call} />}
      {call ? <CallWork key={`work ${call.id}`} agent={agent} call={call} /> : <Quiet agent={agent} />}
      <div className="desk-rest">
        <UnsentCard drafts={drafts.value ?? []} onDone={drafts.reload} />
        <DialBox agent={agent} />
        <Messages />
        <InboxGlance />
      </div>
    </div>
  );
}

/** All that belongs to one call; another call begins with an empty screen. */
function CallWork({ agent, call }: { agent: Agent; call: Call }) {
  const pop = usePop(call);
  const form = useForm(call);
  return (
    <>
      <PopPanel call={call} pop={pop} />
      <WrapUpPanel agent={agent} call={call} form={form ?? null} formKnown={form !== undefined} />
    </>
  );
}

function Quiet({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const text = BUSY.has(agent.state) ? "agent.quiet.busy" : (`agent.quiet.${agent.state === "ready" ? "ready" : agent.state === "logged_out" ? "logged_out" : "not_ready"}` as const);
  return (
    <section className="desk-quiet">
      <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(text)} />
    </section>
  );
}
