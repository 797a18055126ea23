import { describe, expect, it } from "vitest";

import type { Column, Line, Table } from "../src/reports/api";
import { chartOption, drawingsOf, firstColumn, type Colors } from "../src/reports/charts";
import { changeOf, compareFigures, makeFigures } from "../src/reports/figures";
import { makeMoments } from "../src/reports/moments";
import { dayOf, daysOf, presetOf } from "../src/reports/periods";
import { forReport, queryOf, questionOf, searchOf } from "../src/reports/question";
import { goneOf, questionOfSaved, savedQuestion, scheduleOf, scheduleText } from "../src/reports/saved";
import { figureOf, viewOf } from "../src/reports/view";

const figures = makeFigures("en");
const column = (id: string, unit: Column["unit"], better: Column["better"] = ""): Column => ({ id, unit, better, label: id, formula: "", behind: true });
const line = (at: string | null, key: string | null, values: Line["values"]): Line => ({ at, until: null, key, name: key ?? "", values, before: null, colours: {} });
const COLUMNS = [column("offered", "count"), column("answered", "count", "high"), column("abandoned", "count", "low"), column("service_level", "share", "high")];
const table = (grain: string, by: string, lines: Line[], to = "2026-11-24T00:00:00+01:00"): Table => ({
  report: "groups", title: "", from: "2026-11-23T00:00:00+01:00", to, timezone: "Europe/Berlin", grain, by, service_level_formula: "", columns: COLUMNS, lines, total: line(null, null, {}), checks: [], notes: [],
});

describe("what is asked of a report", () => {
  it("stands in the address, without what is usual", () => {
    const search = "from=2026-11-16&to=2026-11-22&grain=day&by=team&formula=answered-in-time%2Foffered&compare=week&group=sales&group=a%26b&segment=gold";
    const question = questionOf("groups", search);
    expect(question.where).toEqual({ group: ["sales", "a&b"], agent: [], team: [], number: [], flow: [], segment: ["gold"] });
    expect(searchOf(question)).toBe(search);
    expect(searchOf(questionOf("groups", ""))).toBe("");
    expect(queryOf(questionOf("groups", ""), { language: "en" })).toBe("grain=whole&compare=none&language=en");
    expect(forReport(question, "agents", ["agent", "group"])).toEqual({ ...question, report: "agents", by: null, where: { ...question.where, segment: [] } });
  });

  it("has nothing in it that makes no sense", () => {
    const question = questionOf("groups", "from=soon&to=2026-11-22T1&grain=%0A&compare=ever&group=%20&group=a&group=a");
    expect([question.from, question.to, question.grain, question.compare, question.where.group]).toEqual([null, null, "whole", "none", ["a"]]);
  });

  it("and what is looked at, too", () => {
    const view = viewOf("grain=day&show=asa_s&figure=abandoned&key=sales&call=c%201");
    expect([view.show, view.call, figureOf(view)]).toEqual(["asa_s", "c 1", { figure: "abandoned", key: "sales", at: null }]);
    expect(figureOf(viewOf("key=sales"))).toBeNull();
  });
});

describe("periods", () => {
  it("are whole days, weeks from Monday, months", () => {
    const at = (today: string) => (["yesterday", "this-week", "last-week", "this-month", "last-month"] as const).map((preset) => Object.values(daysOf(preset, today)).join(" "));
    expect(at("2026-03-01")).toEqual(["2026-02-28 2026-02-28", "2026-02-23 2026-03-01", "2026-02-16 2026-02-22", "2026-03-01 2026-03-31", "2026-02-01 2026-02-28"]);
    expect(at("2026-01-05")[4]).toBe("2025-12-01 2025-12-31");
  });

  it("go by a name where they have one today", () => {
    expect(presetOf(null, null, "2026-11-26")).toBe("today");
    expect(presetOf("2026-11-16", "2026-11-22", "2026-11-26")).toBe("last-week");
    expect(presetOf("2026-11-16", "2026-11-21", "2026-11-26")).toBeNull();
    expect([dayOf(Date.parse("2026-11-26T23:30Z") / 1000, "Europe/Berlin"), dayOf(Date.parse("2026-11-26T23:30Z") / 1000, "America/New_York")]).toEqual(["2026-11-27", "2026-11-26"]);
  });

  it("are written in the centre's zone", () => {
    const { interval, period } = makeMoments("en", "Europe/Berlin");
    expect(interval("2026-11-22T23:00:00Z", null, "day", true)).toBe("Mon 23 Nov");
    expect(interval("2026-11-23T09:00:00Z", null, "60min", true)).toBe("Mon 23 Nov, 10:00");
    expect(interval("2026-11-23T09:00:00Z", null, "60min", false)).toBe("10:00");
    expect(period("2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z")).toBe("23 Nov 2026");
    expect(makeMoments("zh-CN", "Europe/Berlin").interval("2026-11-01T00:00:00+01:00", null, "month", true)).toBe("2026年11月");
  });
});

describe("figures", () => {
  it("are written by their unit, the same in all rows", () => {
    expect([figures.text(12345, "count"), figures.text(0.8, "share"), figures.text(224.6, "s"), figures.text(4.5, "score"), figures.text(null, "s"), figures.text(7.4e5, "s")]).toEqual(["12,345", "80.0%", "3:45", "4.50", "–", "206 hr"]);
    expect(figures.full(224.56, "s")).toBe("224.56 seconds");
  });

  it("say how they have changed, unless that would not be seen", () => {
    expect(changeOf(0.8, 0.75, column("", "share", "high"), figures)).toEqual({ by: expect.closeTo(0.05), better: true });
    expect(changeOf(30, 20, column("", "s", "low"), figures)).toEqual({ by: 10, better: false });
    expect(changeOf(3, 2, column("", "count"), figures)).toEqual({ by: 1, better: null });
    expect([changeOf(20.1, 20.2, column("", "s"), figures), changeOf(null, 2, column("", "count"), figures), changeOf(2, undefined, column("", "count"), figures)]).toEqual([null, null, null]);
    expect(figures.difference(-0.052, "share")).toBe("5.2");
  });

  it("sort with what is not known below all that is", () => {
    expect([3, null, -1, 2].toSorted(compareFigures)).toEqual([null, -1, 2, 3]);
    expect([compareFigures(null, 0) < 0, compareFigures(null, null)]).toEqual([true, 0]);
  });
});

describe("charts", () => {
  const colors: Colors = { text: "", line: "", surface: "", onSurface: "", area: "", outcomes: { answered: "a", abandoned: "b", short_abandoned: "c", left: "d", waiting: "e" }, series: ["1", "2"], heat: ["x", "y"] };
  const means = { figures, moments: makeMoments("en", "Europe/Berlin"), colors };
  const hours = [line("2026-11-23T09:00:00+01:00", null, { offered: 3, answered: 2, abandoned: 1, service_level: 0.5 }), line("2026-11-24T10:00:00+01:00", null, { offered: 0, answered: 0, abandoned: 0, service_level: null })];
  const seriesOf = (of: Table, drawing: "course" | "bars" | "heat", shown: Column) => chartOption(of, drawing, shown, means)["series"] as { name?: string; data: unknown[] }[];

  it("are those that say something", () => {
    expect(drawingsOf(table("whole", "all", [line(null, null, {})]))).toEqual([]);
    expect(drawingsOf(table("whole", "group", [line(null, "a", {})]))).toEqual(["bars"]);
    expect(drawingsOf(table("60min", "all", hours))).toEqual(["course"]);
    expect(drawingsOf(table("60min", "all", hours, "2026-11-30T00:00:00+01:00"))).toEqual(["course", "heat"]);
    expect(firstColumn(table("day", "all", hours))?.id).toBe("service_level");
  });

  it("have outcomes as bars and the figure as a line, with a gap where there is none", () => {
    const late = [...hours, line("2026-11-24T11:00:00+01:00", null, { offered: 1, answered: 1, abandoned: 0, service_level: 1 })];
    expect(seriesOf(table("60min", "all", late), "course", COLUMNS[3]!).map(({ name, data }) => [name, data])).toEqual([["answered", [2, 0, 1]], ["abandoned", [1, 0, 0]], ["service_level", [0.5, null, 1]]]);
    expect(seriesOf(table("60min", "all", hours), "course", COLUMNS[1]!).map(({ name }) => name)).toEqual(["answered", "abandoned"]);
  });

  it("begin and end with the first and last interval within days in which there was anything", () => {
    expect(seriesOf(table("60min", "all", hours), "course", COLUMNS[3]!).map(({ data }) => data)).toEqual([[2], [1], [0.5]]);
    expect(seriesOf(table("day", "all", hours), "course", COLUMNS[3]!)[2]!.data).toEqual([0.5, null]);
    expect(seriesOf(table("60min", "all", [hours[1]!]), "course", COLUMNS[3]!)[0]!.data).toEqual([0]);
  });

  it("have a line for each key, those with most calls first, with gaps where a key has no interval", () => {
    const lines = [line("2026-11-23", "a", { offered: 1, service_level: 1 }), line("2026-11-24", "b", { offered: 5, service_level: 0.2 }), line("2026-11-24", "a", { offered: 1, service_level: 0 })];
    expect(seriesOf(table("day", "group", lines), "course", COLUMNS[3]!).map(({ name, data }) => [name, data])).toEqual([["b", [null, 0.2]], ["a", [1, 0]]]);
  });

  it("have a cell for each interval that has a figure", () => {
    expect(seriesOf(table("60min", "all", hours, "2026-11-30T00:00:00+01:00"), "heat", COLUMNS[3]!)[0]!.data).toEqual([[0, 0, 0.5]]);
  });
});

describe("a saved report", () => {
  it("names what the configuration has no longer, but no segment: those are anybody's words", () => {
    const saved = savedQuestion(questionOf("groups", "group=sales&group=cards&agent=anna&segment=gold"), "today");
    const choices = { group: [{ id: "sales", name: "Sales" }], segment: [] };
    expect(goneOf(saved, choices)).toEqual([{ filter: "group", id: "cards" }, { filter: "agent", id: "anna" }]);
    expect(goneOf(saved, { ...choices, group: [...choices.group, { id: "cards", name: "" }], agent: [{ id: "anna", name: "" }] })).toEqual([]);
  });

  it("asks the same of a period that moves along", () => {
    const question = questionOf("groups", "grain=day&by=team&compare=week&group=sales&segment=gold");
    const saved = savedQuestion(question, "last-week");
    expect(saved.filter).toEqual({ groups: ["sales"], segments: ["gold"] });
    expect(questionOfSaved(saved, "2026-11-26")).toEqual({ ...question, from: "2026-11-16", to: "2026-11-22" });
  });

  it("has its schedule in words that the server keeps", () => {
    for (const text of ["daily 06:00", "weekly fri 17:30", "monthly 15 08:00", "monthly last 08:00", null]) expect(scheduleText(scheduleOf(text))).toBe(text);
  });
});
