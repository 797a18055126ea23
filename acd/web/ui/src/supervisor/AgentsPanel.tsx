import { Input, Select, Tag } from "antd";
import { memo, useMemo, useState } from "react";

import { useI18n } from "../i18n/i18n";
import type { Agent, AgentState, Team } from "../live/shapes";
import { remember, rememberedList } from "../shell/taste";
import type { AgentDeed } from "./AgentMenu";
import { AgentTable } from "./AgentTable";
import { countStates, isOfTeam, isShown, NO_FILTER, STATES, type Filter } from "./board";
import { useAgentRows, useTeams } from "./hooks";
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
  const all = useAgentRows(groups);
  const known = useTeams();
  const [chosen, setChosen] = useState<readonly string[]>(rememberedTeams);
  // A team that is gone, or that one may not see any more, is none to choose agents by.
  const teams = useMemo(() => chosen.filter((team) => known.some(({ id }) => id === team)), [chosen, known]);
  const rows = useMemo(() => all.filter((row) => isOfTeam(row, teams)), [all, teams]);
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
        {known.length > 1 && <TeamChoice known={known} chosen={teams} onChange={setChosen} />}
        <AgentSearch text={filter.text} onChange={setFilter} />
      </div>
      <AgentTable rows={shown} teams={known} thresholds={thresholds} names={names} empty={t("board.no-agents")} onDeed={onDeed} />
    </section>
  );
});

function TeamChoice({ known, chosen, onChange }: { known: readonly Team[]; chosen: readonly string[]; onChange: (teams: readonly string[]) => void }) {
  const { t, label } = useI18n();
  return (
    <Select
      mode="multiple"
      allowClear
      maxTagCount="responsive"
      showSearch={{ optionFilterProp: "label" }}
      className="team-choice"
      popupMatchSelectWidth={false}
      placeholder={t("board.all-teams")}
      aria-label={t("board.teams")}
      value={[...chosen]}
      onChange={(teams: string[]) => {
        remember("board-teams", teams.length > 0 ? JSON.stringify(teams) : null);
        onChange(teams);
      }}
      options={known.map(({ id, name }) => ({ value: id, label: label(name) }))}
    />
  );
}

const rememberedTeams = (): readonly string[] => rememberedList("board-teams");

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
