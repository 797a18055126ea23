import "../shell/parts.css";
import "./supervisor.css";

import { Spin, Tabs } from "antd";
import { useCallback, useMemo, useState } from "react";

import { useDo } from "../api/useDo";
import { useI18n } from "../i18n/i18n";
import { useArrived, useTopic } from "../live/hooks";
import type { Agent, Call } from "../live/shapes";
import { remember, rememberedList } from "../shell/taste";
import type { AgentDeed } from "./AgentMenu";
import { AgentsPanel } from "./AgentsPanel";
import { AlarmSettings } from "./AlarmSettings";
import { AnnouncementsDialog } from "./AnnouncementsDialog";
import { listenTo, setAgentState } from "./api";
import { BoardTop, type Opened } from "./BoardTop";
import { GroupsPanel } from "./GroupsPanel";
import { useGroupNames, useThresholds } from "./hooks";
import { MessageDialog } from "./MessageDialog";
import { SpyBar, type Spying } from "./SpyBar";
import { TodayPanel } from "./TodayPanel";
import { WaitingTable } from "./WaitingTable";
import { Wall } from "./Wall";
import { WhyDialog, type Question } from "./WhyDialog";

/**
 * What supervisors look at all day: groups, agents, who waits, and what can be done about it. The page itself does not
 * follow the floor: each part subscribes to what it shows, so that a change of an agent draws that agent's row and no more.
 */
export default function SupervisorPage() {
  const { t } = useI18n();
  useTopic("wallboard");
  useTopic("calls");
  const arrived = useArrived("wallboard");
  const names = useGroupNames();
  const [thresholds, setThresholds] = useThresholds();
  // Those that this supervisor looks after, and one of them to be looked at alone: that must not silence the others' alarms.
  const [mine, setMine] = useState<readonly string[]>(rememberedGroups);
  const [focus, setFocus] = useState<string | null>(null);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [messageTo, setMessageTo] = useState<readonly string[] | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [spying, setSpying] = useState<Spying | null>(null);
  const act = useDo();
  const seen = useMemo(() => (focus === null ? mine : [focus]), [focus, mine]);

  const onDeed = useCallback(
    async (deed: AgentDeed, agent: Agent) => {
      if (deed.do === "message") setMessageTo([agent.id]);
      if (deed.do === "why") setQuestion({ call: agent.call ?? agent.wrap_up_call ?? "", about: "agent", title: t("board.why-agent-title", { name: agent.name }) });
      if (deed.do === "state") await act(() => setAgentState(agent.id, deed.state, deed.reason), t("board.state-set", { name: agent.name }));
      if (deed.do === "spy" && (await act(() => listenTo(agent.id, deed.mode)))) setSpying({ agent, mode: deed.mode });
    },
    [act, t],
  );
  const onWhy = useCallback((call: Call) => setQuestion({ call: call.id, about: "waiting", title: t("board.why-waiting") }), [t]);
  const onFocus = useCallback((group: string) => setFocus((old) => (old === group ? null : group)), []);
  const onUnfocus = useCallback(() => setFocus(null), []);
  const onOpen = useCallback((what: Opened) => (what === "message" ? setMessageTo([]) : setOpened(what)), []);
  const onMine = useCallback((chosen: readonly string[]) => {
    remember("board-groups", chosen.length > 0 ? JSON.stringify(chosen) : null);
    setMine(chosen);
    setFocus(null);
  }, []);
  const close = useCallback(() => setOpened(null), []);

  if (!arrived) return <Spin className="waiting" />;
  return (
    <div className="board">
      <h1 className="unseen">{t("shell.supervisor")}</h1>
      <BoardTop names={names} mine={mine} thresholds={thresholds} onMine={onMine} onOpen={onOpen} />
      {spying && <SpyBar key={spying.agent.id} spying={spying} onChange={setSpying} />}
      <Tabs
        items={[
          {
            key: "live",
            label: t("board.live"),
            children: (
              <div className="board-live">
                <GroupsPanel mine={mine} thresholds={thresholds} onFocus={onFocus} />
                <section className="board-waiting" aria-label={t("board.waiting-calls")}>
                  <h2>{t("board.waiting-calls")}</h2>
                  <WaitingTable groups={seen} names={names} thresholds={thresholds} onWhy={onWhy} />
                </section>
                <AgentsPanel groups={seen} focus={focus} names={names} thresholds={thresholds} onDeed={onDeed} onUnfocus={onUnfocus} />
              </div>
            ),
          },
          { key: "today", label: t("board.today"), children: <TodayPanel names={names} /> },
        ]}
        destroyOnHidden
      />
      {opened === "wall" && <Wall mine={mine} thresholds={thresholds} onClose={close} />}
      <AlarmSettings open={opened === "alarms"} thresholds={thresholds} onChange={setThresholds} onClose={close} />
      <AnnouncementsDialog open={opened === "announcements"} onClose={close} />
      {messageTo !== null && <MessageDialog to={messageTo} names={names} onClose={() => setMessageTo(null)} />}
      <WhyDialog question={question} onClose={() => setQuestion(null)} />
    </div>
  );
}

const rememberedGroups = (): string[] => rememberedList("board-groups");
