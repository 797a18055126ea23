import type { EChartsCoreOption } from "echarts/core";

import { secondsOf } from "../format/iso";
import type { Column, Line, Table, Unit } from "./api";
import type { Figures } from "./figures";
import { isWithinDay, type Moments } from "./moments";

export interface Colors {
  text: string;
  line: string;
  surface: string;
  onSurface: string;
  area: string;
  outcomes: Readonly<Record<Outcome, string>>;
  /** Of things that are told apart, and nothing else. */
  series: readonly string[];
  /** From few to many. */
  heat: readonly string[];
}

/** How a call in a line ends; together they are all that were offered. */
export const OUTCOMES = ["answered", "abandoned", "short_abandoned", "left", "waiting"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const DRAWN_MAX = 8;
export const BARS_MAX = 30;

export type Drawing = "course" | "bars" | "heat";

/** The drawings that say something of this table. */
export function drawingsOf(table: Table): Drawing[] {
  if (table.lines.length === 0) return [];
  if (table.grain === "whole") return table.by === "all" ? [] : ["bars"];
  return table.by === "all" && isWithinDay(table.grain) && isOfDays(table) ? ["course", "heat"] : ["course"];
}

/** What is drawn at first: how well it went, where the report tells of that. */
export function firstColumn(table: Table): Column | undefined {
  return ["service_level", "occupancy", "talking_s", "ivr_containment"].map((id) => table.columns.find((column) => column.id === id)).find(Boolean) ?? table.columns[0];
}

interface Means {
  figures: Figures;
  moments: Moments;
  colors: Colors;
}

export function chartOption(table: Table, drawing: Drawing, column: Column, means: Means): EChartsCoreOption {
  if (drawing === "heat") return heat(table, column, means);
  if (drawing === "bars") return bars(table, column, means);
  return table.by === "all" ? course(table, column, means) : courses(table, column, means);
}

/** Outcomes as bars of the interval, and one figure above them. */
function course(table: Table, column: Column, means: Means): EChartsCoreOption {
  const outcomes = outcomesOf(table);
  const lines = withoutIdleEnds(table);
  const drawn = outcomes.some(({ id }) => id === column.id);
  const level = { name: column.label, type: "line", symbolSize: 5, lineStyle: { width: 2 }, itemStyle: { color: means.colors.series[0] }, data: lines.map((line) => line.values[column.id] ?? null) };
  return {
    ...frame(means, drawn ? outcomes.map(({ label }) => label) : [...outcomes.map(({ label }) => label), column.label], outcomes.length > 0),
    xAxis: { type: "category", data: lines.map((line) => intervalOf(table, line, means)), ...axis(means), splitLine: { show: false } },
    yAxis: [valueAxis("count", means), ...(outcomes.length > 0 ? [{ ...valueAxis(column.unit, means), splitLine: { show: false } }] : [])],
    series: [
      ...outcomes.map(({ id, label }) => ({ ...stacked(label, means.colors.outcomes[id as Outcome]), data: lines.map((line) => line.values[id] ?? null), tooltip: told("count", means) })),
      ...(drawn ? [] : [{ ...level, yAxisIndex: outcomes.length > 0 ? 1 : 0, tooltip: told(column.unit, means) }]),
    ],
    ...(outcomes.length === 0 && { yAxis: [valueAxis(column.unit, means)] }),
  };
}

/** One figure's course, a line for each of the largest keys. */
function courses(table: Table, column: Column, means: Means): EChartsCoreOption {
  const moments = [...new Map(withoutIdleEnds(table).filter((line) => line.at !== null).map((line) => [line.at!, line])).values()].toSorted((one, other) => (one.at! < other.at! ? -1 : 1));
  const keys = largestKeys(table, column);
  const byPlace = new Map(table.lines.map((line) => [`${line.at} ${line.key}`, line]));
  const names = new Map(table.lines.map((line) => [line.key, line.name]));
  const counted = column.unit === "count";
  return {
    ...frame(means, keys.map((key) => names.get(key) ?? "")),
    xAxis: { type: "category", data: moments.map((line) => intervalOf(table, line, means)), ...axis(means), splitLine: { show: false } },
    yAxis: [valueAxis(column.unit, means)],
    series: keys.map((key, index) => ({
      name: names.get(key) ?? "",
      ...(counted ? { type: "bar", stack: "keys", barMaxWidth: 48 } : { type: "line", symbolSize: 5 }),
      itemStyle: { color: means.colors.series[index % means.colors.series.length] },
      data: moments.map(({ at }) => byPlace.get(`${at} ${key}`)?.values[column.id] ?? null),
      tooltip: told(column.unit, means),
    })),
  };
}

/** One figure of each key; where that is the number of calls, what became of them. */
function bars(table: Table, column: Column, means: Means): EChartsCoreOption {
  const lines = table.lines.slice(0, BARS_MAX);
  const outcomes = column.id === "offered" ? outcomesOf(table) : [];
  const alone = { name: column.label, type: "bar", barMaxWidth: 48, itemStyle: { color: means.colors.series[0] }, data: lines.map((line) => line.values[column.id] ?? null), tooltip: told(column.unit, means) };
  return {
    ...frame(means, outcomes.length > 0 ? outcomes.map(({ label }) => label) : [column.label]),
    xAxis: { type: "category", data: lines.map(({ name }) => name), ...axis(means), axisLabel: { color: means.colors.text, interval: 0, overflow: "truncate", width: 92, hideOverlap: true }, splitLine: { show: false } },
    yAxis: [valueAxis(column.unit, means)],
    series: outcomes.length > 0 ? outcomes.map(({ id, label }) => ({ ...stacked(label, means.colors.outcomes[id as Outcome]), data: lines.map((line) => line.values[id] ?? null), tooltip: told("count", means) })) : [alone],
  };
}

/** Each cell is one interval, so that no mean of means is needed. */
function heat(table: Table, column: Column, means: Means): EChartsCoreOption {
  const times = timesOf(table, means.moments);
  const days = daysIn(table, means.moments);
  const values = table.lines.map((line) => line.values[column.id]).filter((value) => typeof value === "number");
  const most = column.unit === "share" ? 1 : Math.max(...values, 0);
  const { moments, colors, figures } = means;
  return {
    animation: false,
    aria: { enabled: false },
    grid: { left: 92, right: 20, top: 10, bottom: 66 },
    tooltip: { ...tooltip(means), trigger: "item", formatter: ({ value }: { value: [number, number, number | null] }) => `${days[value[1]]}, ${times[value[0]]}\n${column.label}: ${figures.text(value[2], column.unit)}` },
    xAxis: { type: "category", data: times, ...axis(means), splitLine: { show: false } },
    yAxis: { type: "category", data: days, inverse: true, ...axis(means), splitLine: { show: false } },
    visualMap: { min: 0, max: most || 1, calculable: false, orient: "horizontal", left: "center", bottom: 0, itemHeight: 160, itemWidth: 12, textStyle: { color: colors.text }, text: [figures.text(most, column.unit), figures.text(0, column.unit)], inRange: { color: [...colors.heat] } },
    series: [{ type: "heatmap", itemStyle: { borderColor: colors.area, borderWidth: 1 }, data: table.lines.filter((line) => typeof line.values[column.id] === "number" && times.includes(moments.time(line.at!))).map((line) => [times.indexOf(moments.time(line.at!)), days.indexOf(moments.day(line.at!)), line.values[column.id]]) }],
  };
}

const outcomesOf = (table: Table): Column[] => OUTCOMES.map((id) => table.columns.find((column) => column.id === id)).filter((column) => column !== undefined);
const stacked = (name: string, color: string) => ({ name, type: "bar", stack: "outcomes", barMaxWidth: 48, itemStyle: { color } });
const intervalOf = (table: Table, line: Line, { moments }: Means): string => moments.interval(line.at!, line.until, table.grain, isOfDays(table));
const told = (unit: Unit, { figures }: Means) => ({ valueFormatter: (value: unknown) => figures.text(typeof value === "number" ? value : null, unit) });
const axis = ({ colors }: Means) => ({ axisLabel: { color: colors.text, hideOverlap: true }, axisLine: { lineStyle: { color: colors.line } }, splitLine: { lineStyle: { color: colors.line } } });
const tooltip = ({ colors }: Means) => ({ renderMode: "richText", confine: true, backgroundColor: colors.surface, borderColor: colors.line, textStyle: { color: colors.onSurface } });

/** Within days: the intervals from the first to the last in which there was anything; nights before and after say nothing. */
function withoutIdleEnds(table: Table): Line[] {
  const busy = isWithinDay(table.grain) ? table.lines.flatMap((line) => (isBusy(line) ? [line.at!] : [])).toSorted() : [];
  const [first, last] = [busy[0], busy.at(-1)];
  return first === undefined || last === undefined ? table.lines : table.lines.filter(({ at }) => at! >= first && at! <= last);
}

/** The same of the times of day, of all days. */
function timesOf(table: Table, moments: Moments): string[] {
  const all = [...new Set(table.lines.map((line) => moments.time(line.at!)))].toSorted();
  const busy = new Set(table.lines.filter(isBusy).map((line) => moments.time(line.at!)));
  const [first, last] = [all.findIndex((time) => busy.has(time)), all.findLastIndex((time) => busy.has(time))];
  return first < 0 ? all : all.slice(first, last + 1);
}

const isBusy = ({ values }: Line): boolean => Object.values(values).some((value) => value !== null && value !== 0);

/** A lone name is the one that is chosen above. `twoAxes`: there is one at the right, too. */
function frame(means: Means, names: readonly string[], twoAxes = false): EChartsCoreOption {
  const alone = names.length === 1;
  return {
    animation: false,
    aria: { enabled: false },
    grid: { left: 56, right: twoAxes ? 60 : 16, top: alone ? 12 : 40, bottom: 28 },
    legend: { show: !alone, type: "scroll", top: 0, left: 0, right: 0, textStyle: { color: means.colors.text }, pageTextStyle: { color: means.colors.text }, pageIconColor: means.colors.text, pageIconInactiveColor: means.colors.line, data: [...names] },
    tooltip: { ...tooltip(means), trigger: "axis" }, // drawn, too: one of HTML would need styles that our pages do not allow
  };
}

function valueAxis(unit: Unit, means: Means) {
  const label = { color: means.colors.text, formatter: (value: number) => (unit === "share" ? `${Math.round(value * 100)}%` : means.figures.text(value, unit)) };
  return { type: "value", min: 0, ...(unit === "share" && { max: (range: { max: number }) => Math.max(1, range.max) }), ...(unit === "count" && { minInterval: 1 }), ...axis(means), axisLabel: label };
}

/** The days of the intervals, in their order. */
const daysIn = (table: Table, moments: Moments): string[] => [...new Set(table.lines.filter((line) => line.at !== null).map((line) => moments.day(line.at!)))];

/** Whether the period is longer than any day, that with an hour more included. */
export const isOfDays = (table: Table): boolean => secondsOf(table.to) - secondsOf(table.from) > 25 * 3600;

function largestKeys(table: Table, column: Column): (string | null)[] {
  const weights = new Map<string | null, number>();
  const weigh = table.columns.find(({ id }) => id === "offered") ?? column;
  for (const line of table.lines) weights.set(line.key, (weights.get(line.key) ?? 0) + (line.values[weigh.id] ?? 0));
  return [...weights].toSorted((one, other) => other[1] - one[1]).slice(0, DRAWN_MAX).map(([key]) => key);
}
