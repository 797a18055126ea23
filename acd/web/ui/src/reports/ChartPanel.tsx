import { Segmented, Select, Spin } from "antd";
import { lazy, Suspense } from "react";

import { useI18n } from "../i18n/i18n";
import type { Table } from "./api";
import { drawingsOf, firstColumn } from "./charts";
import type { Words } from "./Value";

// ECharts is as large as all the rest: it comes with the first look at a chart.
const Chart = lazy(() => import("./Chart"));

interface Props {
  table: Table;
  words: Words;
  show: string | null;
  draw: string | null;
  onChange: (change: { show?: string; draw?: string }) => void;
}

/** The drawing, of the figure that is chosen; nothing where there is nothing to compare. */
export function ChartPanel({ table, words, show, draw, onChange }: Props) {
  const { t } = useI18n();
  const drawings = drawingsOf(table);
  const drawing = drawings.find((one) => one === draw) ?? drawings[0];
  const column = table.columns.find(({ id }) => id === show) ?? firstColumn(table);
  if (drawing === undefined || column === undefined) return null;
  return (
    <section className="panel" aria-label={t("reports.chart")}>
      <div className="spread">
        <Select
          className="w-220"
          showSearch={{ optionFilterProp: "label" }}
          aria-label={t("reports.drawn")}
          value={column.id}
          onChange={(id) => onChange({ show: id })}
          options={table.columns.map(({ id, label }) => ({ value: id, label }))}
        />
        {drawings.length > 1 && (
          <Segmented aria-label={t("reports.drawing")} value={drawing} onChange={(one) => onChange({ draw: one })} options={drawings.map((value) => ({ value, label: t(`reports.drawing.${value}`) }))} />
        )}
      </div>
      <Suspense fallback={<Spin className="report-chart" />}>
        <Chart table={table} drawing={drawing} column={column} words={words} />
      </Suspense>
    </section>
  );
}
