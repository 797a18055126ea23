import { DeleteOutlined, EditOutlined, MailOutlined } from "@ant-design/icons";
import { Alert, Button, Popconfirm, Table as AntTable } from "antd";
import { useMemo, useState } from "react";
import { Link } from "wouter";

import { useFaultText, useLoaded } from "../api/hooks";
import { mayAct } from "../api/session";
import { useDo } from "../api/useDo";
import { useReloadEvery } from "../api/useReloadEvery";
import { makeFormat } from "../format/format";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { useWho } from "../shell/session";
import type { Catalogue } from "./api";
import { dayOf } from "./periods";
import { searchOf } from "./question";
import { questionOfSaved, readRuns, readSaved, removeSaved, scheduleOf, sendSaved, type Run, type SavedReport } from "./saved";
import { SaveDialog } from "./SaveDialog";

const AGAIN_S = 30;

/** Views that were kept: each leads to its report, and tells when it was sent to whom. */
export function SavedPage({ catalogue }: { catalogue: Catalogue }) {
  const { t, language } = useI18n();
  const { session } = useWho();
  const format = useMemo(() => makeFormat(language, catalogue.timezone), [language, catalogue.timezone]);
  const now_s = useMinute();
  const today = dayOf(now_s, format.timezone);
  const faultText = useFaultText();
  const doIt = useDo();
  const { value, fault, loading, reload } = useLoaded("saved reports", readSaved);
  useReloadEvery(AGAIN_S, reload);
  const [changed, setChanged] = useState<SavedReport | null>(null);
  const titles = new Map(catalogue.reports.map(({ name, title }) => [name, title]));
  const mayChange = (saved: SavedReport) => saved.owner === session.username || mayAct(session, "admin");
  const moment = (iso: string) => format.moment(secondsOf(iso), now_s);

  return (
    <div className="report">
      <div>
        <h1>{t("saved.reports")}</h1>
        <p className="quiet">{t("saved.about")}</p>
      </div>
      {fault !== undefined && <Alert type="error" showIcon title={faultText(fault)} />}
      <AntTable<SavedReport>
        size="small"
        rowKey="id"
        pagination={false}
        loading={loading && !value}
        dataSource={value?.reports ?? []}
        locale={{ emptyText: t("saved.none") }}
        expandable={{ rowExpandable: ({ last }) => last !== null, expandedRowRender: (saved) => <Runs saved={saved} moment={moment} /> }}
        columns={[
          { title: t("saved.name"), dataIndex: "name", render: (name: string, saved) => <Link href={`/${saved.asked.report}?${searchOf(questionOfSaved(saved.asked, today))}`}><bdi>{name}</bdi></Link> },
          { title: t("saved.report"), dataIndex: "asked", render: (asked: SavedReport["asked"]) => `${titles.get(asked.report) ?? asked.report} · ${t(`reports.period.${asked.period}`)}` },
          { title: t("saved.send"), dataIndex: "schedule", render: (_, saved) => <Sent saved={saved} /> },
          { title: t("saved.next"), dataIndex: "next_at", render: (at: string | null) => <span className="figure">{at === null ? "–" : moment(at)}</span> },
          { title: t("saved.last"), dataIndex: "last", render: (run: Run | null) => run && <State run={run} at={moment(run.done_at ?? run.due_at)} /> },
          { title: t("saved.owner"), dataIndex: "owner", render: (owner: string) => <bdi>{owner}</bdi> },
          {
            key: "do",
            render: (_, saved) => (
              <span className="saved-actions">
                <Button size="small" icon={<MailOutlined />} disabled={!value?.mail || saved.recipients.length === 0} title={t("saved.send-now")} aria-label={`${t("saved.send-now")}: ${saved.name}`} onClick={() => void doIt(() => sendSaved(saved.id), t("saved.is-sent")).then(reload)} />
                <Button size="small" icon={<EditOutlined />} disabled={!mayChange(saved)} title={t("saved.change")} aria-label={`${t("saved.change")}: ${saved.name}`} onClick={() => setChanged(saved)} />
                <Popconfirm title={t("saved.remove-sure", { name: saved.name })} okText={t("saved.remove")} onConfirm={() => doIt(() => removeSaved(saved.id)).then(reload)} disabled={!mayChange(saved)}>
                  <Button size="small" icon={<DeleteOutlined />} disabled={!mayChange(saved)} title={t("saved.remove")} aria-label={`${t("saved.remove")}: ${saved.name}`} />
                </Popconfirm>
              </span>
            ),
          },
        ]}
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

function Sent({ saved: { schedule, enabled, recipients } }: { saved: SavedReport }) {
  const { t, known } = useI18n();
  const { every, day, time } = scheduleOf(schedule);
  const days = { never: "", daily: "", weekly: known(`saved.weekday.${day}`) ?? day, monthly: day === "last" ? t("saved.last-day") : day }[every];
  return (
    <>
      {every === "never" ? t("saved.every.never") : [t(`saved.every.${every}`), days, time].filter(Boolean).join(" ")}
      {every !== "never" && !enabled && <span className="mark">{t("saved.off")}</span>}
      {recipients.length > 0 && (
        <div className="quiet cut saved-to" title={recipients.join(", ")}>
          {recipients.join(", ")}
        </div>
      )}
    </>
  );
}

function State({ run, at }: { run: Run; at: string }) {
  const { known } = useI18n();
  const tone = { sent: "good", failed: "bad" }[run.state] ?? "";
  return (
    <span title={run.error ?? undefined}>
      <span className={`mark ${tone}`}>{known(`saved.state.${run.state}`) ?? run.state}</span>
      <span className="figure quiet">{at}</span>
    </span>
  );
}

/** When it was sent, and what hindered it; the newest first. */
function Runs({ saved, moment }: { saved: SavedReport; moment: (iso: string) => string }) {
  const faultText = useFaultText();
  const { value, fault } = useLoaded(`runs ${saved.id} ${saved.last?.id} ${saved.last?.state}`, (signal) => readRuns(saved.id, signal));
  if (fault !== undefined) return <Alert type="error" showIcon title={faultText(fault)} />;
  return (
    <ul className="plain-list">
      {value?.map((run) => (
        <li key={run.id}>
          <State run={run} at={moment(run.done_at ?? run.due_at)} /> <span className="quiet">{[run.file_name, run.error, ...Object.entries(run.refused).map(([address, why]) => `${address}: ${why}`)].filter(Boolean).join(" · ")}</span>
        </li>
      ))}
    </ul>
  );
}
