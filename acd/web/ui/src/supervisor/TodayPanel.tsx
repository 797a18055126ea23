import { Alert, Select, Spin } from "antd";
import { lazy, Suspense, useState } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import { readIntervals } from "./api";
import { useReloadEvery } from "../api/useReloadEvery";
import { useI18n } from "../i18n/i18n";

// ECharts is as large as all the rest: it comes with the first look at a chart.
const TodayChart = lazy(() => import("./TodayChart"));

const AGAIN_S = 60;

export function TodayPanel({ names }: { names: ReadonlyMap<string, string> }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [group, setGroup] = useState<string>("");
  const { value, fault, reload } = useLoaded(`today ${group}`, (signal) => readIntervals(group || null, signal));
  useReloadEvery(AGAIN_S, reload);
  return (
    <section className="panel" aria-label={t("board.chart")}>
      <div className="spread">
        <h2>{t("board.chart")}</h2>
        <Select
          value={group}
          onChange={setGroup}
          aria-label={t("board.group")}
          className="w-220"
          showSearch={{ optionFilterProp: "label" }}
          options={[{ value: "", label: t("board.all-groups") }, ...[...names].map(([id, name]) => ({ value: id, label: name }))]}
        />
      </div>
      {value === undefined && fault !== undefined && <Alert type="error" showIcon title={faultText(fault)} />}
      {value === undefined && fault === undefined && <Spin className="waiting" />}
      {value && (
        <Suspense fallback={<Spin className="waiting" />}>
          <TodayChart intervals={value.intervals} />
        </Suspense>
      )}
    </section>
  );
}
