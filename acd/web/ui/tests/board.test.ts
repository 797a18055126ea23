import { describe, expect, it } from "vitest";

import { sorted, turned, windowOf } from "../src/grid/sorting";
import type { Agent, Call, Group } from "../src/live/shapes";
import { isToBeHeard, presentAlarms, stillSeen } from "../src/supervisor/alarms";
import { isOf, isOfTeam, isShown, makeAgentRows, NO_FILTER, waitingCalls, type AgentRow, type GroupRow } from "../src/supervisor/board";
import { loggedInSince, type AgentFigures } from "../src/supervisor/figures";
import { agentLevel, groupLevels, levelOf, readThresholds, USUAL } from "../src/supervisor/thresholds";

const agent = (fields: Partial<Agent>): Agent => ({ id: "anna", name: "Anna", extension: "1001", state: "ready", reason: null, reason_max_s: null, since_at: 1000, groups: ["sales"], ...fields }) as Agent;
const group = (fields: Partial<Group>): Group => ({ id: "sales", name: "Sales", waiting: 0, oldest_at: null, ready: 2, staffed: 3, ...fields }) as Group;
const agentRow = (fields: Partial<Agent>): AgentRow => ({ agent: agent(fields), figures: undefined });
const groupRow = (fields: Partial<Group>): GroupRow => ({ group: group(fields), figures: undefined });

describe("teams", () => {
  it("chooses agents by team, all of them where no team is named", () => {
    const rows = [agentRow({ id: "a", team: "north" }), agentRow({ id: "b", team: "south" }), agentRow({ id: "c", team: null })];
    const shown = (...teams: string[]) => rows.filter((row) => isOfTeam(row, teams)).map(({ agent }) => agent.id);
    expect(shown()).toEqual(["a", "b", "c"]);
    expect(shown("north")).toEqual(["a"]);
    expect(shown("north", "south", "gone")).toEqual(["a", "b"]);
  });
});

describe("sorting", () => {
  it("goes by numbers, or by text as people read it, and puts what is unknown last either way", () => {
    const rows = [{ n: 10 }, { n: null }, { n: 9 }];
    expect(sorted(rows, (row) => row.n, false).map((row) => row.n)).toEqual([9, 10, null]);
    expect(sorted(rows, (row) => row.n, true).map((row) => row.n)).toEqual([10, 9, null]);
    expect(sorted(["desk 10", "Desk 9"], (row) => row, false)).toEqual(["Desk 9", "desk 10"]);
  });

  it("leaves equals as they were", () => {
    const rows = [{ id: 1, n: 5 }, { id: 2, n: 5 }, { id: 3, n: 5 }];
    expect(sorted(rows, (row) => row.n, true).map((row) => row.id)).toEqual([1, 2, 3]);
  });

  it("turns round at the second click", () => {
    const first = turned(null, "waiting", true);
    expect(first).toEqual({ column: "waiting", descending: true });
    expect(turned(first, "waiting", true).descending).toBe(false);
    expect(turned(first, "name", false)).toEqual({ column: "name", descending: false });
  });

  it("draws only the rows that are seen, and a few more", () => {
    expect(windowOf(500, 36, 3600, 720, 6)).toEqual([94, 126]);
    expect(windowOf(3, 36, 0, 720)).toEqual([0, 3]);
    expect(windowOf(0, 36, 5000, 720)).toEqual([0, 0]);
  });
});

describe("rows of the board", () => {
  it("are the same objects as long as nothing of theirs has changed", () => {
    const rows = makeAgentRows();
    const anna = agent({});
    const [before] = rows(new Map<string, unknown>([["agent:anna", anna]]));
    const [same] = rows(new Map<string, unknown>([["agent:anna", anna], ["agent:ben", agent({ id: "ben" })]]));
    const [after] = rows(new Map<string, unknown>([["agent:anna", { ...anna, state: "talking" }]]));
    expect(same).toBe(before);
    expect(after).not.toBe(before);
  });

  it("are filtered by state, group and text; who is logged out is shown when asked for", () => {
    expect(isShown(agentRow({ state: "logged_out" }), NO_FILTER)).toBe(false);
    expect(isShown(agentRow({ state: "logged_out" }), { ...NO_FILTER, text: "ann" })).toBe(true);
    expect(isShown(agentRow({}), { text: "1001", states: ["ready"] })).toBe(true);
    expect(isShown(agentRow({}), { text: "", states: ["talking"] })).toBe(false);
    expect(isOf(agentRow({}), ["support"])).toBe(false);
    expect(isOf(agentRow({}), [])).toBe(true);
  });

  it("has the calls that wait, those first that have waited longest", () => {
    const call = (id: string, state: string, queued_at: number, line: string) => [`call:${id}`, { id, state, queued_at, since_at: queued_at, group: line } as Call] as const;
    const objects = new Map<string, unknown>([call("1", "waiting", 30, "sales"), call("2", "talking", 10, "sales"), call("3", "waiting", 20, "support")]);
    expect(waitingCalls(objects, []).map(({ id }) => id)).toEqual(["3", "1"]);
    expect(waitingCalls(objects, ["sales"]).map(({ id }) => id)).toEqual(["1"]);
  });
});

describe("the time logged in", () => {
  const figures = (logged_in_s: number, counted_to_at?: number) => ({ logged_in_s, ...(counted_to_at === undefined ? {} : { counted_to_at }) }) as AgentFigures;
  const at = (now_s: number, who: Partial<Agent>, of: AgentFigures) => now_s - loggedInSince(agent(who), of)!;

  it("goes on until now, from the end of the last stretch that is counted", () => {
    expect(at(5000, { login_at: 1000, since_at: 4000 }, figures(3000, 4000))).toBe(4000);
    expect(at(5000, { login_at: 1000, since_at: 4900 }, figures(3000, 4000))).toBe(4000); // a stretch that is over, and not counted yet
    expect(at(5000, { login_at: 4500, since_at: 4500 }, figures(3000, 4000))).toBe(3500); // back after a break
    expect(at(5000, { login_at: 100, since_at: 100 }, figures(0, 2000))).toBe(3000); // since yesterday: from midnight
    expect(at(5000, { login_at: 1000, since_at: 4900 }, figures(3000))).toBe(3100); // of an older server
  });

  it("stands still for who has gone home", () => {
    expect(loggedInSince(agent({ state: "logged_out", login_at: null }), figures(3000, 4000))).toBeNull();
  });
});

describe("thresholds", () => {
  it("are reached from below or from above, as the kind has it", () => {
    expect([4, 5, 9, 10].map((value) => levelOf("waiting", value, USUAL.waiting))).toEqual(["fine", "warn", "warn", "alarm"]);
    expect([0.9, 0.8, 0.6].map((value) => levelOf("service_level", value, USUAL.service_level))).toEqual(["fine", "warn", "alarm"]);
    expect(levelOf("service_level", null, USUAL.service_level)).toBe("fine");
  });

  it("go by the reason's own longest time before that of all", () => {
    const away = agent({ state: "not_ready", reason_max_s: 300 });
    expect(agentLevel(away, USUAL, 1000 + 299).level).toBe("warn");
    expect(agentLevel(away, USUAL, 1000 + 300).level).toBe("alarm");
    expect(agentLevel(agent({ state: "not_ready" }), USUAL, 1000 + 300).level).toBe("fine");
    expect(agentLevel(agent({ state: "ready" }), USUAL, 1e9).level).toBe("fine");
  });

  it("do not complain of a group at which nobody works, nor of a line in which nobody waits", () => {
    const levels = groupLevels(group({ staffed: 0, ready: 0, oldest_at: 5 }), undefined, USUAL, 1000);
    expect(levels.map(({ kind }) => kind)).toEqual(["waiting"]);
  });

  it("survive whatever was remembered", () => {
    expect(readThresholds(null)).toEqual(USUAL);
    expect(readThresholds("{")).toEqual(USUAL);
    expect(readThresholds("[]")).toEqual(USUAL);
    const read = readThresholds('{"waiting": {"warn": 2, "alarm": -1, "heard": "yes"}, "other": 1}');
    expect(read.waiting).toEqual({ ...USUAL.waiting, warn: 2 });
  });
});

describe("alarms", () => {
  const groups = [groupRow({ waiting: 12, oldest_at: 950 })];

  it("are of what passes a threshold now and is to be an alarm", () => {
    const found = presentAlarms(groups, [agentRow({ state: "wrap_up" }), agentRow({ id: "ben", state: "talking" })], USUAL, 1000 + 2000);
    expect(found.map(({ id }) => id)).toEqual(["waiting:sales", "longest_wait_s:sales", "wrap_up_s:anna:1000"]);
  });

  it("are heard until somebody has seen them, and are news when they come again", () => {
    const present = presentAlarms(groups, [], USUAL, 1000);
    const seen = new Set(present.map(({ id }) => id));
    expect(isToBeHeard(present, new Set(), USUAL)).toBe(true);
    expect(isToBeHeard(present, seen, USUAL)).toBe(false);
    expect(stillSeen(seen, present)).toBe(seen);
    expect(stillSeen(seen, []).size).toBe(0);
  });
});
