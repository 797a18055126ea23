import "../calls/calls.css";

import { ArrowLeftOutlined } from "@ant-design/icons";
import { Alert, Button, Drawer, Empty, Spin } from "antd";
import { useEffect, useState } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import type { CallLine } from "../calls/api";
import { CallTable } from "../calls/CallTable";
import { OneCall } from "../calls/OneCall";
import { useI18n } from "../i18n/i18n";
import { readCallsBehind, type Figure } from "./api";
import { queryOf, type Question } from "./question";

interface Props {
  question: Question;
  figure: Figure | null;
  title: string;
  /** Only the calls above the line of the fraction are listed. */
  isShare: boolean;
  /** The one whose story is open. */
  call: string | null;
  onOpen: (call: string | null) => void;
  onClose: () => void;
}

/** The calls that a figure was counted from; from there to the story of each, and back. */
export function CallsBehind({ question, figure, title, isShare, call, onOpen, onClose }: Props) {
  const { t } = useI18n();
  const of = figure === null ? null : JSON.stringify([question.report, queryOf(question), figure.figure, figure.key, figure.at]);
  return (
    <Drawer
      open={figure !== null}
      size={980}
      onClose={onClose}
      destroyOnHidden
      title={
        call === null ? (
          title
        ) : (
          <span className="row">
            <Button type="text" icon={<ArrowLeftOutlined />} aria-label={t("reports.back-to-list")} title={t("reports.back-to-list")} onClick={() => onOpen(null)} />
            {t("calls.story-of", { call })}
          </span>
        )
      }
    >
      {figure !== null && of !== null && (
        <>
          <div className={call === null ? "calls-behind" : "calls-behind hidden"}>
            {isShare && <p className="quiet">{t("reports.behind-share")}</p>}
            <List key={of} of={of} question={question} figure={figure} onOpen={onOpen} />
          </div>
          {call !== null && <OneCall call={call} />}
        </>
      )}
    </Drawer>
  );
}

function List({ of, question, figure, onOpen }: { of: string; question: Question; figure: Figure; onOpen: (call: string) => void }) {
  const { t, language } = useI18n();
  const faultText = useFaultText();
  const [after, setAfter] = useState<string | null>(null);
  const [calls, setCalls] = useState<readonly CallLine[]>([]);
  const { value, fault, loading } = useLoaded(`${of} ${after}`, (signal) => readCallsBehind(question, language, figure, after, signal));
  useEffect(() => {
    if (value) setCalls((old) => [...old, ...value.calls.filter((call) => !old.some(({ id }) => id === call.id))]);
  }, [value]);
  if (fault !== undefined) return <Alert type="error" showIcon title={faultText(fault)} />;
  if (calls.length === 0) return loading || value?.calls.length ? <Spin className="waiting" /> : <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("reports.no-calls")} />;
  return (
    <>
      <div className="calls-table">
        <CallTable calls={calls} onOpen={onOpen} />
      </div>
      <p className="spread quiet">
        {t("reports.listed", { count: calls.length })}
        {(value === undefined || value.after !== null) && (
          <Button size="small" loading={loading} onClick={() => value && setAfter(value.after)}>
            {t("reports.next-calls")}
          </Button>
        )}
      </p>
    </>
  );
}
