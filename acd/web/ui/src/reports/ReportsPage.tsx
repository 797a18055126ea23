import "../shell/parts.css";
import "./reports.css";

import { Menu } from "antd";
import { useCallback, useMemo } from "react";
import { Redirect, useLocation, useRoute, useSearch } from "wouter";

import { Loaded } from "../admin/Loaded";
import { useLoaded } from "../api/hooks";
import { useI18n } from "../i18n/i18n";
import { useTopic } from "../live/hooks";
import { readCatalogue } from "./api";
import { FIRST_REPORT, forReport, questionOf, searchOf, type Question } from "./question";
import { Report } from "./Report";
import { SavedPage } from "./SavedPage";
import { NOT_LOOKED_AT, viewOf, type View } from "./view";

/** In the place of a report's name in the path. */
const SAVED = "saved";

/** Key figures of any period: which report is a part of the path, all that is asked of it stands behind. */
export default function ReportsPage() {
  const { t, language } = useI18n();
  useTopic("wallboard"); // names of agents and groups in lists of calls
  const [, goTo] = useLocation();
  const [, route] = useRoute("/:report");
  const search = useSearch();
  const name = route?.report;
  const catalogue = useLoaded(`catalogue ${language}`, (signal) => readCatalogue(language, signal));
  const question = useMemo(() => questionOf(name ?? FIRST_REPORT, search), [name, search]);
  const view = useMemo(() => viewOf(search), [search]);
  const show = useCallback((next: Question, of: View, replace: boolean) => goTo(`/${next.report}?${searchOf(next, { ...of })}`, { replace }), [goTo]);
  if (name === undefined) return <Redirect to={`/${FIRST_REPORT}?${search}`} replace />;
  return (
    <div className="reports">
      <Loaded state={catalogue}>
        {(known) => (
          <>
            <nav aria-label={t("shell.reports")}>
              <Menu
                mode="inline"
                selectedKeys={[name]}
                onClick={({ key }) => key === SAVED ? goTo(`/${SAVED}`) : show(forReport(question, key, known.reports.find((one) => one.name === key)?.by ?? []), NOT_LOOKED_AT, false)}
                items={[...known.reports.map((one) => ({ key: one.name, label: one.title, title: one.title })), { type: "divider" }, { key: SAVED, label: t("saved.reports") }]}
              />
            </nav>
            {name === SAVED ? <SavedPage catalogue={known} /> : <Report key={name} catalogue={known} question={question} view={view} show={show} />}
          </>
        )}
      </Loaded>
    </div>
  );
}
