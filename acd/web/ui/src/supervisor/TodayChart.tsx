import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { theme } from "antd";
import { useEffect, useRef } from "react";

import type { Interval } from "./api";
import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { chartOption } from "./chart";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

/** The day by interval: calls as bars, the service level as a line. The same as a table for those who cannot see it. */
export default function TodayChart({ intervals }: { intervals: readonly Interval[] }) {
  const { t } = useI18n();
  const format = useFormat();
  const { token } = theme.useToken();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chart = init(element.current!);
    const colors = { text: token.colorTextSecondary, line: token.colorBorderSecondary, good: token.colorSuccess, bad: token.colorError, level: token.colorPrimary, surface: token.colorBgElevated, onSurface: token.colorText };
    const words = { answered: t("board.answered"), abandoned: t("board.abandoned"), level: t("board.level") };
    chart.setOption(chartOption(intervals, words, colors, format));
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element.current!);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [intervals, t, format, token]);
  return (
    <>
      <div className="chart" ref={element} aria-hidden="true" />
      <table className="unseen">
        <caption>{t("board.chart")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("board.interval")}</th>
            <th scope="col">{t("board.answered")}</th>
            <th scope="col">{t("board.abandoned")}</th>
            <th scope="col">{t("board.level")}</th>
          </tr>
        </thead>
        <tbody>
          {intervals.map((one) => (
            <tr key={one.at}>
              <th scope="row">{format.time(one.at)}</th>
              <td>{one.answered}</td>
              <td>{one.abandoned}</td>
              <td>{one.service_level === null ? "–" : format.percent(one.service_level)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
