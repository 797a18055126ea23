import { Alert, Table as AntTable, type TableColumnsType } from "antd";
import { useMemo, useState, type ReactNode } from "react";
import { Link } from "wouter";

import { useFaultText, useLoaded } from "../api/hooks";
import { useReloadEvery } from "../api/useReloadEvery";
import { makeFormat } from "../format/format";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import type { Catalogue } from "./api";
import { dayOf } from "./periods";
import { searchOf } from "./question";
import { questionOfSaved, readRuns, readSaved, type BrokenReport, type Run, type SavedReport } from "./saved";
import { SavedActions } from "./SavedActions";
import { About, Sent, State, WhyBroken } from "./SavedCells";
import { SaveDialog } from "./SaveDialog";

const AGAIN_S = 30;

type Line = SavedReport | BrokenReport;
const isBroken = (line: Line): line is BrokenReport => "why" in line;
/** For what a broken one cannot tell: its first such cell, which says why, takes their room. */
const UNTOLD = 4;

/** Views that were kept: each leads to its report, and tells when it was sent to whom. */
export function SavedPage({ catalogue }: { catalogue: Catalogue }) {
  const { t, language } = useI18n();
  const format = useMemo(() => makeFormat(language, catalogue.timezone), [language, catalogue.timezone]);
  const now_s = useMinute();
  const today = dayOf(now_s, format.timezone);
  const faultText = useFaultText();
  const { value, fault, loading, reload } = useLoaded("saved reports", readSaved);
  useReloadEvery(AGAIN_S, reload);
  const [changed, setChanged] = useState<SavedReport | null>(null);
  const moment = (iso: string) => format.moment(secondsOf(iso), now_s);
  const told = (render: (saved: SavedReport) => ReactNode) => ({ onCell: (line: Line) => ({ colSpan: isBroken(line) ? 0 : 1 }), render: (_: unknown, line: Line) => !isBroken(line) && render(line) });
  const columns: TableColumnsType<Line> = [
    { title: t("saved.name"), key: "name", render: (_, line) => <bdi>{isBroken(line) ? line.name : <Link href={`/${line.asked.report}?${searchOf(questionOfSaved(line.asked, today))}`}>{line.name}</Link>}</bdi> },
    {
      title: t("saved.report"),
      key: "report",
      onCell: (line) => ({ colSpan: isBroken(line) ? UNTOLD : 1 }),
      render: (_, line) => (isBroken(line) ? <WhyBroken broken={line} /> : <About saved={line} catalogue={catalogue} />),
    },
    { title: t("saved.send"), key: "sent", ...told((saved) => <Sent saved={saved} />) },
    { title: t("saved.next"), key: "next", ...told(({ next_at }) => <span className="figure">{next_at === null ? "–" : moment(next_at)}</span>) },
    { title: t("saved.last"), key: "last", ...told(({ last }) => last && <State run={last} at={moment(last.done_at ?? last.due_at)} />) },
    { title: t("saved.owner"), key: "owner", render: (_, { owner }) => <bdi>{owner}</bdi> },
    { key: "do", render: (_, line) => <SavedActions line={line} mail={value?.mail ?? false} onChange={isBroken(line) ? null : () => setChanged(line)} onDone={reload} /> },
  ];

  return (
    <div className="report">
      <div>
        <h1>{t("saved.reports")}</h1>
        <p className="quiet">{t("saved.about")}</p>
      </div>
      {fault !== undefined && <Alert type="error" showIcon title={faultText(fault)} />}
      <AntTable<Line>
        className="saved-list"
        size="small"
        rowKey="id"
        pagination={false}
        loading={loading && !value}
        dataSource={value ? [...value.broken, ...value.reports] : []}
        locale={{ emptyText: t("saved.none") }}
        expandable={{ rowExpandable: (line) => !isBroken(line) && line.last !== null, expandedRowRender: (line) => !isBroken(line) && <Runs saved={line} moment={moment} /> }}
        columns={columns}
      />
      {changed && (
        <SaveDialog
          key={changed.id}
          open
          saved={changed}
          mail={value?.mail ?? false}
          timezone={catalogue.timezone}
          onClose={() => setChanged(null)}
          onKept={() => {
            setChanged(null);
            reload();
          }}
        />
      )}
    </div>
  );
}

/** When it was sent, and what hindered it; the newest first. */
function Runs({ saved, moment }: { saved: SavedReport; moment: (iso: string) => string }) {
  const faultText = useFaultText();
  const { value, fault } = useLoaded(`runs ${saved.id} ${saved.last?.id} ${saved.last?.state}`, (signal) => readRuns(saved.id, signal));
  if (fault !== undefined) return <Alert type="error" showIcon title={faultText(fault)} />;
  return (
    <ul className="plain-list">
      {value?.map((run: Run) => (
        <li key={run.id}>
          <State run={run} at={moment(run.done_at ?? run.due_at)} /> <span className="quiet">{[run.file_name, run.error, ...Object.entries(run.refused).map(([address, why]) => `${address}: ${why}`)].filter(Boolean).join(" · ")}</span>
        </li>
      ))}
    </ul>
  );
}
