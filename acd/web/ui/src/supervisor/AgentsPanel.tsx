import { Input, Tag } from "antd";
import { memo, useMemo, useState } from "react";

import { useI18n } from "../i18n/i18n";
import type { Agent, AgentState } from "../live/shapes";
import type { AgentDeed } from "./AgentMenu";
import { AgentTable } from "./AgentTable";
import { countStates, isShown, NO_FILTER, STATES, type Filter } from "./board";
import { useAgentRows } from "./hooks";
import { StateMark } from "./StateMark";
import type { Thresholds } from "./thresholds";

interface Props {
  groups: readonly string[];
  /** The group that is looked at alone. */
  focus: string | null;
  names: ReadonlyMap<string, string>;
  thresholds: Thresholds;
  onDeed: (deed: AgentDeed, agent: Agent) => void;
  onUnfocus: () => void;
}

export const AgentsPanel = memo(function AgentsPanel({ groups, focus, names, thresholds, onDeed, onUnfocus }: Props) {
  const { t } = useI18n();
  const rows = useAgentRows(groups);
  const [filter, setFilter] = useState(NO_FILTER);
  const shown = useMemo(() => rows.filter((row) => isShown(row, filter)), [rows, filter]);
  return (
    <section className="board-agents" aria-label={t("board.agents")}>
      <div className="agent-filter">
        <h2>{t("board.agents")}</h2>
        {focus !== null && (
          <Tag closable={{ "aria-label": t("board.unfocus") }} color="blue" onClose={onUnfocus}>
            <bdi>{names.get(focus) ?? focus}</bdi>
          </Tag>
        )}
        <StateChips counts={countStates(rows)} filter={filter} onChange={setFilter} />
        <AgentSearch text={filter.text} onChange={setFilter} />
      </div>
      <AgentTable rows={shown} thresholds={thresholds} names={names} empty={t("board.no-agents")} onDeed={onDeed} />
    </section>
  );
});

type Change = (change: (old: Filter) => Filter) => void;

/** How many are in each state; a click shows those alone. */
function StateChips({ counts, filter, onChange }: { counts: Record<AgentState, number>; filter: Filter; onChange: Change }) {
  const { t } = useI18n();
  const turn = (state: AgentState) =>
    onChange((old) => ({ ...old, states: old.states.includes(state) ? old.states.filter((one) => one !== state) : [...old.states, state] }));
  return (
    <div className="row chips" role="group" aria-label={t("board.by-state")}>
      {STATES.map((state) => (
        <button key={state} type="button" className="chip" aria-pressed={filter.states.includes(state)} onClick={() => turn(state)}>
          <StateMark state={state} /> <strong className="figure">{counts[state]}</strong>
        </button>
      ))}
    </div>
  );
}

const AgentSearch = memo(function AgentSearch({ text, onChange }: { text: string; onChange: Change }) {
  const { t } = useI18n();
  return (
    <Input.Search
      allowClear
      className="w-220"
      placeholder={t("board.find-agent")}
      aria-label={t("board.find-agent")}
      value={text}
      onChange={(event) => onChange((old) => ({ ...old, text: event.target.value }))}
    />
  );
});
