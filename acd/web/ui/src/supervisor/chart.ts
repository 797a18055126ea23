import type { EChartsCoreOption } from "echarts/core";

import type { Interval } from "./api";
import type { Format } from "../format/format";

interface Colors {
  text: string;
  line: string;
  good: string;
  bad: string;
  level: string;
  surface: string;
  onSurface: string;
}

/** What ECharts is to draw. Its tooltip is drawn, too: one of HTML would need styles that our pages do not allow. */
export function chartOption(intervals: readonly Interval[], words: { answered: string; abandoned: string; level: string }, colors: Colors, format: Format): EChartsCoreOption {
  const axis = { axisLabel: { color: colors.text }, axisLine: { lineStyle: { color: colors.line } }, splitLine: { lineStyle: { color: colors.line } } };
  return {
    animation: false,
    aria: { enabled: false },
    grid: { left: 44, right: 52, top: 36, bottom: 28 },
    legend: { top: 0, textStyle: { color: colors.text }, data: [words.answered, words.abandoned, words.level] },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: colors.surface, borderColor: colors.line, textStyle: { color: colors.onSurface } },
    xAxis: { type: "category", data: intervals.map(({ at }) => format.time(at)), ...axis, splitLine: { show: false } },
    yAxis: [
      { type: "value", minInterval: 1, ...axis },
      { type: "value", min: 0, max: 1, ...axis, splitLine: { show: false }, axisLabel: { color: colors.text, formatter: (share: number) => format.percent(share) } },
    ],
    series: [
      { name: words.answered, type: "bar", stack: "calls", barMaxWidth: 48, itemStyle: { color: colors.good }, data: intervals.map((one) => one.answered) },
      { name: words.abandoned, type: "bar", stack: "calls", barMaxWidth: 48, itemStyle: { color: colors.bad }, data: intervals.map((one) => one.abandoned) },
      {
        name: words.level,
        type: "line",
        yAxisIndex: 1,
        symbolSize: 5,
        itemStyle: { color: colors.level },
        data: intervals.map((one) => one.service_level),
        tooltip: { valueFormatter: (share: unknown) => (typeof share === "number" ? format.percent(share) : "–") },
      },
    ],
  };
}
