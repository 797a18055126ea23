import { Alert, Button, Empty, Segmented, Skeleton, Switch } from "antd";
import { useState } from "react";

import { useFaultText } from "../api/hooks";
import { byDue, goesOn, type Task, type TaskKind } from "../api/inbox";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import "./inbox.css";
import { TaskLine } from "./TaskLine";
import { useTasks } from "./useTasks";

const KINDS: readonly (TaskKind | "all")[] = ["all", "callback", "voicemail"];

/** The callbacks and voicemails of one's groups: take, listen, call, done. */
export default function InboxPage() {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [kind, setKind] = useState<TaskKind | "all">("all");
  const [closed, setClosed] = useState(false);
  const { value, fault, loading, reload, set, more, growing } = useTasks({ kind: kind === "all" ? undefined : kind, closed });
  // As it is drawn: what is due changes by mere passing of time.
  const now_s = useMinute();
  const tasks = closed ? (value?.tasks ?? []) : byDue(value?.tasks ?? [], now_s);
  const change = (changed: Task) => {
    if (value) set({ ...value, tasks: value.tasks.map((one) => (one.kind === changed.kind && one.id === changed.id ? changed : one)) });
  };
  return (
    <div className="inbox">
      <header className="inbox-head">
        <h1>{t("shell.inbox")}</h1>
        <Segmented value={kind} onChange={setKind} options={KINDS.map((one) => ({ value: one, label: t(`inbox.kind.${one}`) }))} aria-label={t("inbox.kinds")} />
        <label className="inbox-closed">
          <Switch size="small" checked={closed} onChange={setClosed} aria-label={t("inbox.closed")} /> {t("inbox.closed")}
        </label>
      </header>
      {fault ? (
        <Alert
          type="error"
          showIcon
          title={faultText(fault)}
          action={
            <Button size="small" onClick={reload}>
              {t("shell.retry")}
            </Button>
          }
        />
      ) : null}
      {!value && loading && <Skeleton active />}
      {value && tasks.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("inbox.empty")} />}
      <ul className="tasks" aria-busy={loading}>
        {tasks.map((task) => (
          <TaskLine key={`${task.kind} ${task.id}`} task={task} onChanged={change} onRefused={reload} />
        ))}
      </ul>
      {value && goesOn(value) && (
        <Button className="inbox-more" loading={growing} onClick={more}>
          {t("inbox.more")}
        </Button>
      )}
    </div>
  );
}
