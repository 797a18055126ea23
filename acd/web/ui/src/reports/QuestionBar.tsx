import { FilterOutlined } from "@ant-design/icons";
import { Button, DatePicker, Select } from "antd";
import dayjs from "dayjs";
import { useState, type ReactNode } from "react";

import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import type { Catalogue, ReportKind } from "./api";
import { dayOf, daysOf, presetOf, PRESETS, type Preset } from "./periods";
import { COMPARISONS, FILTERS, type Comparison, type Filter, type Question } from "./question";

interface Props {
  catalogue: Catalogue;
  kind: ReportKind;
  question: Question;
  onChange: (change: Partial<Question>) => void;
}

/** Period, intervals, breakdown, comparison, formula and filters. */
export function QuestionBar({ catalogue, kind, question, onChange }: Props) {
  const { t } = useI18n();
  const today = dayOf(useMinute(), catalogue.timezone);
  const preset = presetOf(question.from, question.to, today) ?? "own";
  const from = question.from ?? today;
  const to = question.to ?? today;
  const filtered = FILTERS.filter((filter) => question.where[filter].length > 0);
  const [filtering, setFiltering] = useState(filtered.length > 0);
  const offered = FILTERS.filter((filter) => isOffered(filter, catalogue, kind, question));
  return (
    <search className="question" aria-label={t("reports.question")}>
      <Field name={t("reports.period")}>
        <div className="row">
          <Select<Preset | "own">
            className="w-140"
            aria-label={t("reports.period")}
            value={preset}
            onChange={(chosen) => onChange(chosen === "own" ? { from, to } : daysOf(chosen, today))}
            options={[...PRESETS, "own" as const].map((value) => ({ value, label: t(`reports.period.${value}`), disabled: value === "own" && preset !== "own" }))}
          />
          <DatePicker.RangePicker
            className="question-range"
            aria-label={t("reports.range")}
            allowClear={false}
            format={from.includes("T") || to.includes("T") ? "YYYY-MM-DD HH:mm" : "YYYY-MM-DD"}
            value={[dayjs(from), dayjs(to)]}
            onChange={(days) => days?.[0] && days[1] && onChange({ from: days[0].format("YYYY-MM-DD"), to: days[1].format("YYYY-MM-DD") })}
          />
        </div>
      </Field>
      <Field name={t("reports.grain")}>
        <Select className="question-word" aria-label={t("reports.grain")} value={question.grain} onChange={(grain) => onChange({ grain })} options={catalogue.grains.map(({ id, label }) => ({ value: id, label }))} />
      </Field>
      {kind.by.length > 1 && (
        <Field name={t("reports.by")}>
          <Select
            className="question-word"
            aria-label={t("reports.by")}
            value={question.by ?? kind.default_by}
            onChange={(by) => onChange({ by: by === kind.default_by ? null : by })}
            options={catalogue.by.filter(({ id }) => kind.by.includes(id)).map(({ id, label }) => ({ value: id, label }))}
          />
        </Field>
      )}
      <Field name={t("reports.compare")}>
        <Select<Comparison> className="question-compare" aria-label={t("reports.compare")} value={question.compare} onChange={(compare) => onChange({ compare })} options={COMPARISONS.map((value) => ({ value, label: t(`reports.compare.${value}`) }))} />
      </Field>
      {kind.kpis.includes("service_level") && (
        <Field name={t("reports.formula")}>
          <Select
            className="question-formula"
            popupMatchSelectWidth={false}
            aria-label={t("reports.formula")}
            value={question.formula ?? catalogue.formula}
            onChange={(formula) => onChange({ formula: formula === catalogue.formula ? null : formula })}
            labelRender={({ label }) => <span title={String(label)}>{shortFormula(String(label))}</span>}
            options={catalogue.formulas.map(({ id, text }) => ({ value: id, label: text }))}
          />
        </Field>
      )}
      {offered.length > 0 && (
        <Button icon={<FilterOutlined />} aria-expanded={filtering} onClick={() => setFiltering(!filtering)}>
          {filtered.length > 0 ? t("reports.filters-of", { count: filtered.length }) : t("reports.filters")}
        </Button>
      )}
      {(filtering ? offered : []).map((filter) => (
        <Field key={filter} name={t(`reports.only.${filter}`)}>
          <Select
            mode={filter === "segment" ? "tags" : "multiple"}
            allowClear
            showSearch={{ optionFilterProp: "label" }}
            maxTagCount="responsive"
            className="question-filter"
            placeholder={t("reports.all")}
            aria-label={t(`reports.only.${filter}`)}
            value={[...question.where[filter]]}
            onChange={(chosen) => onChange({ where: { ...question.where, [filter]: chosen } })}
            options={(catalogue.choices[filter] ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          />
        </Field>
      ))}
    </search>
  );
}

/** Most divide the same, answered in time, by something: there is room for what tells them apart. */
const shortFormula = (formula: string): string => (/^[(（]/.test(formula) ? formula : formula.slice(Math.max(0, formula.indexOf("÷"))));

/** What a report cannot be broken down by it cannot be filtered by; where there is nothing to choose a filter would only take room. */
const isOffered = (filter: Filter, { choices }: Catalogue, { by }: ReportKind, { where }: Question): boolean =>
  where[filter].length > 0 || (by.includes(filter) && (filter === "segment" || (choices[filter]?.length ?? 0) > 0));

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="question-field">
      <span className="quiet" aria-hidden="true">
        {name}
      </span>
      {children}
    </div>
  );
}
