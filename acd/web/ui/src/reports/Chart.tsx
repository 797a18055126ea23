import { theme } from "antd";
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

import type { Column, Table } from "./api";
import { chartOption, type Colors, type Drawing } from "./charts";
import type { Words } from "./Value";

use([BarChart, LineChart, HeatmapChart, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent, CanvasRenderer]);

interface Props {
  table: Table;
  drawing: Drawing;
  column: Column;
  words: Words;
}

/** Drawn for those who see it; the table below says the same. */
export default function Chart({ table, drawing, column, words }: Props) {
  const { token } = theme.useToken();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chart = init(element.current!);
    chart.setOption(chartOption(table, drawing, column, { ...words, colors: colorsOf(token) }));
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element.current!);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [table, drawing, column, words, token]);
  return <div className={drawing === "heat" ? "report-chart report-heat" : "report-chart"} ref={element} aria-hidden="true" />;
}

function colorsOf(token: ReturnType<typeof theme.useToken>["token"]): Colors {
  return {
    text: token.colorTextSecondary,
    line: token.colorBorderSecondary,
    surface: token.colorBgElevated,
    onSurface: token.colorText,
    area: token.colorBgContainer,
    outcomes: { answered: token.green6, abandoned: token.red6, short_abandoned: token.orange4, left: token.purple4, waiting: token.blue4 },
    series: [token.colorPrimary, token.orange6, token.cyan6, token.purple6, token.green7, token.magenta6, token.gold7, token.volcano6],
    heat: [token.blue1, token.blue3, token.blue6, token.blue8],
  };
}
