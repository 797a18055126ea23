import { ReloadOutlined } from "@ant-design/icons";
import { Alert, Button, Empty, Result, Spin } from "antd";
import { useMemo, useState } from "react";

import { ApiError } from "../api/http";
import { useFaultText, useLoaded } from "../api/hooks";
import { useReloadEvery } from "../api/useReloadEvery";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { readTable, type Catalogue, type Figure, type Kpi, type Table } from "./api";
import { CallsBehind } from "./CallsBehind";
import { ChartPanel } from "./ChartPanel";
import { Checks } from "./Checks";
import { Definition } from "./Definition";
import { Export } from "./Export";
import { makeFigures } from "./figures";
import { Keep } from "./Keep";
import { KeyFigures } from "./KeyFigures";
import { makeMoments } from "./moments";
import { queryOf, type Question } from "./question";
import { QuestionBar } from "./QuestionBar";
import { ReportTable } from "./ReportTable";
import { figureOf, WITHOUT_CALLS, type View } from "./view";

/** What goes on is asked for anew so often. */
const AGAIN_S = 60;

interface Props {
  catalogue: Catalogue;
  question: Question;
  view: View;
  show: (question: Question, view: View, replace: boolean) => void;
}

/** One report: what is asked, the figures as tiles, drawing and table, and the calls behind each of them. */
export function Report({ catalogue, question, view, show }: Props) {
  const { t, language } = useI18n();
  const faultText = useFaultText();
  const [defined, setDefined] = useState<Kpi | null>(null);
  const kind = catalogue.reports.find(({ name }) => name === question.report);
  const state = useLoaded(kind ? `report ${question.report} ${language} ${queryOf(question)}` : null, (signal) => readTable(question, language, signal));
  const { value: table, fault, loading, reload } = state;
  useReloadEvery(AGAIN_S, () => table && secondsOf(table.to) * 1000 > Date.now() && reload());
  const figures = useMemo(() => makeFigures(language), [language]);
  const moments = useMemo(() => makeMoments(language, catalogue.timezone), [language, catalogue.timezone]);
  const words = useMemo(() => ({ figures, moments }), [figures, moments]);
  const kpis = useMemo(() => new Map(catalogue.kpis.map((kpi) => [kpi.id, kpi])), [catalogue]);
  if (!kind) return <Result status="404" title={t("reports.no-such")} />;

  const look = (change: Partial<View>, replace = true) => show(question, { ...view, ...change }, replace);
  const follow = (figure: Figure) => look({ ...figure, call: null }, false);
  const explain = (id: string) => setDefined(kpis.get(id) ?? null);
  const hasLines = table !== undefined && (table.lines.length > 0 || Object.values(table.total.values).some((value) => value !== null && value !== 0));
  const sound = table?.checks.every(({ ok }) => ok) ?? true;
  const open = figureOf(view);
  return (
    <div className="report">
      <div className="spread">
        <div>
          <h1>{kind.title}</h1>
          <div className="report-period">
            <p className="quiet">{table ? moments.period(table.from, table.to) : "\u00a0"}</p>
            {table && sound && <Checks table={table} named={catalogue.checks} />}
          </div>
        </div>
        <div className="row">
          <Button icon={<ReloadOutlined />} aria-label={t("reports.reload")} title={t("reports.reload")} loading={loading && table !== undefined} onClick={reload} />
          <Keep question={question} timezone={catalogue.timezone} />
          <Export question={question} disabled={!hasLines} />
        </div>
      </div>
      <QuestionBar catalogue={catalogue} kind={kind} question={question} onChange={(change) => show({ ...question, ...change }, { ...view, ...WITHOUT_CALLS }, true)} />
      {fault !== undefined && <Alert type="error" showIcon title={faultText(fault)} description={fault instanceof ApiError ? fieldsText(fault) : undefined} />}
      {!table && loading && <Spin className="waiting" />}
      {table && (
        <>
          {!sound && <Checks table={table} named={catalogue.checks} />}
          {hasLines ? (
            <>
              <KeyFigures table={table} words={words} onFollow={follow} onExplain={explain} />
              <ChartPanel table={table} words={words} show={view.show} draw={view.draw} onChange={(change) => look(change)} />
              <ReportTable table={table} words={words} loading={loading} onFollow={follow} onExplain={explain} />
            </>
          ) : (
            <Empty className="panel" image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("reports.empty")} />
          )}
          <Notes table={table} catalogue={catalogue} />
        </>
      )}
      <Definition kpi={defined} onClose={() => setDefined(null)} />
      <CallsBehind
        question={question}
        figure={open}
        title={open === null ? "" : titleOf(open, kpis, table)}
        isShare={kpis.get(open?.figure ?? "")?.unit === "share"}
        call={view.call}
        onOpen={(call) => look({ call }, false)}
        onClose={() => look(WITHOUT_CALLS)}
      />
    </div>
  );
}

const fieldsText = (fault: ApiError): string | undefined => Object.values(fault.fields).join(" ") || undefined;

function titleOf({ figure, key, at }: Figure, kpis: ReadonlyMap<string, Kpi>, table: Table | undefined): string {
  const line = table?.lines.find((one) => one.key === key && (at === null || one.at === at));
  return [kpis.get(figure)?.label ?? figure, key === null ? null : (line?.name ?? key)].filter(Boolean).join(" · ");
}

function Notes({ table, catalogue }: { table: Table; catalogue: Catalogue }) {
  const { t } = useI18n();
  const formula = catalogue.formulas.find(({ id }) => id === table.service_level_formula);
  return (
    <div className="report-notes quiet">
      {formula && table.columns.some(({ id }) => id === "service_level") && <p>{t("reports.level-is", { formula: formula.text })}</p>}
      {table.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      <p>{t("reports.zone", { zone: table.timezone })}</p>
    </div>
  );
}
