import "../shell/parts.css";
import "./supervisor.css";

import { ExpandOutlined, MessageOutlined, NotificationOutlined, SettingOutlined } from "@ant-design/icons";
import { Button, Input, Select, Spin, Tabs, Tag } from "antd";
import { useCallback, useMemo, useState } from "react";

import { listenTo, setAgentState } from "./api";
import { useDo } from "../api/useDo";
import { useI18n } from "../i18n/i18n";
import { useArrived, useObject, useTopic } from "../live/hooks";
import type { Agent, AgentState, Call } from "../live/shapes";
import { remember, remembered } from "../shell/taste";
import { AgentTable } from "./AgentTable";
import type { AgentDeed } from "./AgentMenu";
import { AlarmBar } from "./AlarmBar";
import { AlarmSettings } from "./AlarmSettings";
import { AnnouncementsDialog } from "./AnnouncementsDialog";
import { isGroupShown, isOf, isShown, NO_FILTER, STATES, countStates, type Filter } from "./board";
import { GroupTable } from "./GroupTable";
import { useAgentRows, useGroupRows, useThresholds } from "./hooks";
import { MessageDialog } from "./MessageDialog";
import { SpyBar, type Spying } from "./SpyBar";
import { StateMark } from "./StateMark";
import { TodayPanel } from "./TodayPanel";
import { Totals } from "./Totals";
import { WaitingTable } from "./WaitingTable";
import { Wall } from "./Wall";
import { WhyDialog, type Question } from "./WhyDialog";

type Open = "wall" | "alarms" | "announcements" | null;

/** What supervisors look at all day: groups, agents, who waits, and what can be done about it. */
export default function SupervisorPage() {
  const { t } = useI18n();
  useTopic("wallboard");
  useTopic("calls");
  const arrived = useArrived("wallboard");
  const groupRows = useGroupRows();
  const agentRows = useAgentRows();
  const order = useObject("wallboard", "centre")?.groups;
  const [thresholds, setThresholds] = useThresholds();
  // Those that this supervisor looks after, and one of them to be looked at alone: that must not silence the others' alarms.
  const [mine, setMine] = useState<readonly string[]>(rememberedGroups);
  const [focus, setFocus] = useState<string | null>(null);
  const [picked, setPicked] = useState(NO_FILTER);
  const [open, setOpen] = useState<Open>(null);
  const [messageTo, setMessageTo] = useState<readonly string[] | null>(null);
  const [why, setWhy] = useState<Question | null>(null);
  const [spying, setSpying] = useState<Spying | null>(null);
  const act = useDo();

  const nameKey = groupRows.map(({ group }) => `${group.id}\t${group.name}`).join("\n");
  const names = useMemo(() => new Map(nameKey === "" ? [] : nameKey.split("\n").map((line) => line.split("\t") as [string, string])), [nameKey]);
  const groups = useMemo(() => inOrder(groupRows.filter((row) => isGroupShown(row, mine)), order), [groupRows, mine, order]);
  const seen = useMemo(() => (focus === null ? mine : [focus]), [focus, mine]);
  const ofMine = useMemo(() => agentRows.filter((row) => isOf(row, mine)), [agentRows, mine]);
  const ofSeen = useMemo(() => agentRows.filter((row) => isOf(row, seen)), [agentRows, seen]);
  const agents = useMemo(() => ofSeen.filter((row) => isShown(row, picked)), [ofSeen, picked]);

  const onDeed = useCallback(
    async (deed: AgentDeed, agent: Agent) => {
      if (deed.do === "message") setMessageTo([agent.id]);
      if (deed.do === "why") setWhy({ call: agent.call ?? agent.wrap_up_call ?? "", about: "agent", title: t("board.why-agent-title", { name: agent.name }) });
      if (deed.do === "state") await act(() => setAgentState(agent.id, deed.state, deed.reason), t("board.state-set", { name: agent.name }));
      if (deed.do === "spy" && (await act(() => listenTo(agent.id, deed.mode), t("board.spy-rings")))) setSpying({ agent, mode: deed.mode });
    },
    [act, t],
  );
  const onFocus = useCallback((group: string) => setFocus((old) => (old === group ? null : group)), []);
  const onWhy = useCallback((call: Call) => setWhy({ call: call.id, about: "waiting", title: t("board.why-waiting") }), [t]);
  const chooseMine = (chosen: readonly string[]) => {
    remember("board-groups", chosen.length > 0 ? JSON.stringify(chosen) : null);
    setMine(chosen);
    setFocus(null);
  };

  if (!arrived) return <Spin className="waiting" />;
  return (
    <div className="board">
      <h1 className="unseen">{t("shell.supervisor")}</h1>
      <div className="board-top">
        <Totals rows={groups} thresholds={thresholds} />
        <div className="row">
          <Select
            mode="multiple"
            allowClear
            maxTagCount="responsive"
            showSearch={{ optionFilterProp: "label" }}
            className="w-220"
            placeholder={t("board.all-groups")}
            aria-label={t("board.my-groups")}
            value={[...mine]}
            onChange={chooseMine}
            options={[...names].map(([id, name]) => ({ value: id, label: name }))}
          />
          <AlarmBar groups={groups} agents={ofMine} thresholds={thresholds} onSettings={() => setOpen("alarms")} />
          <Button icon={<SettingOutlined />} aria-label={t("alarm.settings")} title={t("alarm.settings")} onClick={() => setOpen("alarms")} />
          <Button icon={<MessageOutlined />} aria-label={t("message.title")} title={t("message.title")} onClick={() => setMessageTo([])} />
          <Button icon={<NotificationOutlined />} aria-label={t("announce.title")} title={t("announce.title")} onClick={() => setOpen("announcements")} />
          <Button icon={<ExpandOutlined />} aria-label={t("board.wall")} title={t("board.wall")} onClick={() => setOpen("wall")} />
        </div>
      </div>
      {spying && <SpyBar spying={spying} onChange={setSpying} />}
      <Tabs
        items={[
          {
            key: "live",
            label: t("board.live"),
            children: (
              <div className="board-live">
                <section className="board-groups" aria-label={t("board.groups")}>
                  <GroupTable rows={groups} thresholds={thresholds} onChoose={onFocus} />
                </section>
                <section className="board-waiting" aria-label={t("board.waiting-calls")}>
                  <h2>{t("board.waiting-calls")}</h2>
                  <WaitingTable groups={seen} names={names} thresholds={thresholds} onWhy={onWhy} />
                </section>
                <section className="board-agents" aria-label={t("board.agents")}>
                  <AgentFilter filter={picked} focus={focus === null ? null : (names.get(focus) ?? focus)} counts={countStates(ofSeen)} onChange={setPicked} onUnfocus={() => setFocus(null)} />
                  <AgentTable rows={agents} thresholds={thresholds} names={names} empty={t("board.no-agents")} onDeed={onDeed} />
                </section>
              </div>
            ),
          },
          { key: "today", label: t("board.today"), children: <TodayPanel names={names} /> },
        ]}
        destroyOnHidden
      />
      {open === "wall" && <Wall groups={groups} agents={ofMine} thresholds={thresholds} onClose={() => setOpen(null)} />}
      <AlarmSettings open={open === "alarms"} thresholds={thresholds} onChange={setThresholds} onClose={() => setOpen(null)} />
      <AnnouncementsDialog open={open === "announcements"} onClose={() => setOpen(null)} />
      <MessageDialog to={messageTo} names={names} agents={agentRows} onClose={() => setMessageTo(null)} />
      <WhyDialog question={why} onClose={() => setWhy(null)} />
    </div>
  );
}

interface FilterProps {
  filter: Filter;
  /** The group that is looked at alone. */
  focus: string | null;
  counts: Record<AgentState, number>;
  onChange: (change: (old: Filter) => Filter) => void;
  onUnfocus: () => void;
}

/** How many are in each state; a click shows those alone. */
function AgentFilter({ filter, focus, counts, onChange, onUnfocus }: FilterProps) {
  const { t } = useI18n();
  const turn = (state: AgentState) =>
    onChange((old) => ({ ...old, states: old.states.includes(state) ? old.states.filter((one) => one !== state) : [...old.states, state] }));
  return (
    <div className="agent-filter">
      <h2>{t("board.agents")}</h2>
      {focus !== null && (
        <Tag closable={{ "aria-label": t("board.unfocus") }} color="blue" onClose={onUnfocus}>
          <bdi>{focus}</bdi>
        </Tag>
      )}
      <div className="row chips" role="group" aria-label={t("board.by-state")}>
        {STATES.map((state) => (
          <button key={state} type="button" className="chip" aria-pressed={filter.states.includes(state)} onClick={() => turn(state)}>
            <StateMark state={state} /> <strong className="figure">{counts[state]}</strong>
          </button>
        ))}
      </div>
      <Input.Search
        allowClear
        className="w-220"
        placeholder={t("board.find-agent")}
        aria-label={t("board.find-agent")}
        value={filter.text}
        onChange={(event) => onChange((old) => ({ ...old, text: event.target.value }))}
      />
    </div>
  );
}

/** As the configuration has them. */
function inOrder<Row extends { group: { id: string } }>(rows: readonly Row[], order: readonly string[] | undefined): readonly Row[] {
  if (!order) return rows;
  const places = new Map(order.map((id, place) => [id, place]));
  return rows.toSorted((one, other) => (places.get(one.group.id) ?? 1e9) - (places.get(other.group.id) ?? 1e9));
}

function rememberedGroups(): string[] {
  try {
    const found: unknown = JSON.parse(remembered("board-groups") ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
