import { MoreOutlined } from "@ant-design/icons";
import { useMemo, useState, type ReactNode } from "react";

import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { Grid, type Column } from "../grid/Grid";
import type { Opened } from "../grid/RowMenu";
import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent, Team } from "../live/shapes";
import { useMinute } from "../live/ticks";
import { AgentMenu, type AgentDeed } from "./AgentMenu";
import { STATES, type AgentRow } from "./board";
import { Clock } from "./Clock";
import { loggedInSince } from "./figures";
import { AgentStateText } from "./StateMark";
import { agentLevel, type Thresholds } from "./thresholds";

interface Props {
  rows: readonly AgentRow[];
  teams: readonly Team[];
  thresholds: Thresholds;
  names: ReadonlyMap<string, string>;
  empty: ReactNode;
  onDeed: (deed: AgentDeed, agent: Agent) => void;
}

export function AgentTable({ rows, teams, thresholds, names, empty, onDeed }: Props) {
  const { t, label } = useI18n();
  const format = useFormat();
  const [opened, setOpened] = useState<Opened<Agent> | null>(null);
  const now_s = useMinute();
  const byTeam = teams.length > 1;
  const columns = useMemo<Column<AgentRow>[]>(
    () => [
      {
        key: "name",
        title: t("board.agent"),
        width_px: byTeam ? 136 : 150, // so that the team has room on a small screen, too
        grow: 2,
        sort: ({ agent }) => agent.name,
        cell: ({ agent }) => (
          <>
            <bdi title={agent.name}>{agent.name}</bdi> <span className="quiet figure">{agent.extension}</span>
          </>
        ),
      },
      ...(byTeam ? [teamColumn(t("board.team"), new Map(teams.map(({ id, name }) => [id, label(name)])))] : []),
      { key: "state", title: t("board.state"), width_px: byTeam ? 170 : 200, grow: 3, sort: ({ agent }) => STATES.indexOf(agent.state), cell: ({ agent }) => <AgentStateText agent={agent} /> },
      {
        key: "since",
        title: t("board.since"),
        hint: t("board.since-hint"),
        width_px: 76,
        end: true,
        descending: true,
        sort: ({ agent }) => (agent.state === "logged_out" ? null : -agent.since_at),
        cell: ({ agent }) =>
          agent.state !== "logged_out" && <Clock at_s={agent.since_at} levelAt={(seconds) => agentLevel(agent, thresholds, agent.since_at + seconds).level} />,
      },
      { key: "call", title: t("board.call"), width_px: byTeam ? 130 : 150, grow: 2, cell: ({ agent }) => <CallOf agent={agent} names={names} /> },
      {
        key: "groups",
        title: t("board.groups"),
        width_px: byTeam ? 96 : 110,
        grow: 2,
        cell: ({ agent }) => {
          const text = agent.groups.map((group) => names.get(group) ?? group).join(", ");
          return (
            <span className="quiet" title={text}>
              {text}
            </span>
          );
        },
      },
      { key: "answered", title: t("board.answered"), hint: t("board.answered-hint"), width_px: 84, end: true, descending: true, sort: ({ agent, figures }) => figures?.answered ?? agent.calls_today, cell: ({ agent, figures }) => format.number(figures?.answered ?? agent.calls_today) },
      { key: "aht", title: t("board.aht"), hint: t("board.aht-hint"), width_px: 64, end: true, descending: true, sort: ({ figures }) => figures?.aht_s, cell: ({ figures }) => (typeof figures?.aht_s === "number" ? clockText(figures.aht_s) : <span className="quiet">–</span>) },
      { key: "logged-in", title: t("board.logged-in"), hint: t("board.logged-in-hint"), width_px: 84, end: true, descending: true, sort: (row) => loggedIn_s(row, now_s), cell: (row) => <LoggedIn row={row} /> },
      {
        key: "do",
        title: t("board.actions"),
        width_px: 64,
        cell: ({ agent }) => (
          <button type="button" className="grid-button" aria-haspopup="menu" aria-label={t("board.actions-for", { name: agent.name })} onClick={(event) => setOpened({ row: agent, button: event.currentTarget })}>
            <MoreOutlined aria-hidden="true" />
          </button>
        ),
      },
    ],
    [t, label, format, now_s, teams, byTeam, thresholds, names],
  );
  return (
    <>
      <Grid name="agents" label={t("board.agents")} columns={columns} rows={rows} idOf={idOf} initial={BY_STATE} empty={empty} />
      {opened && <AgentMenu {...opened} onDeed={onDeed} onClose={() => setOpened(null)} />}
    </>
  );
}

const teamColumn = (title: string, texts: ReadonlyMap<string, string>): Column<AgentRow> => ({
  key: "team",
  title,
  width_px: 72,
  grow: 1,
  sort: ({ agent }) => texts.get(agent.team ?? "") ?? agent.team,
  cell: ({ agent }) => {
    const text = texts.get(agent.team ?? "") ?? agent.team;
    return text !== null && <bdi title={text}>{text}</bdi>;
  },
});

const idOf = ({ agent }: AgentRow): string => agent.id;
const BY_STATE = { column: "state", descending: false };

/** Today, until now. */
function LoggedIn({ row: { agent, figures } }: { row: AgentRow }) {
  if (!figures) return <span className="quiet">–</span>;
  const since_s = loggedInSince(agent, figures);
  return since_s === null ? clockText(figures.logged_in_s) : <Clock at_s={since_s} />;
}

function loggedIn_s({ agent, figures }: AgentRow, now_s: number): number | undefined {
  const since_s = figures && loggedInSince(agent, figures);
  return typeof since_s === "number" ? now_s - since_s : figures?.logged_in_s;
}

/** With whom the agent talks, or whose call rings. */
function CallOf({ agent, names }: { agent: Agent; names: ReadonlyMap<string, string> }) {
  const { t } = useI18n();
  const call = useObject("calls", "call", agent.call ?? agent.own_call);
  if (!call) return null;
  const who = call.customer?.name || call.caller_name || call.caller_number || call.outside_number || t("board.unknown-caller");
  const where = call.group === null ? "" : (names.get(call.group) ?? call.group);
  return (
    <span title={[who, call.caller_number, where].filter(Boolean).join(" · ")}>
      <bdi>{who}</bdi>
      {call.on_hold && <span className="quiet"> · {t("board.on-hold")}</span>}
      {where && <span className="quiet"> · {where}</span>}
    </span>
  );
}
