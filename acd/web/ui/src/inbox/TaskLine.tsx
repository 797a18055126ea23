import { AudioOutlined, CheckOutlined, ClockCircleOutlined, PhoneOutlined, WarningOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Input, Popover, Space, Tag } from "antd";
import { useState } from "react";

import { useFaultText } from "../api/hooks";
import { isClosed, isFree, isOverdue, orderTask, soundOf, type Task, type TaskOrder } from "../api/inbox";
import { useNames } from "../api/names";
import { mayAct } from "../api/session";
import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { useWho } from "../shell/session";

interface Props {
  task: Task;
  onChanged: (task: Task) => void;
  /** Somebody else was quicker: the list is to be read again. */
  onRefused: () => void;
}

export function TaskLine({ task, onChanged, onRefused }: Props) {
  const { t } = useI18n();
  const format = useFormat();
  const faultText = useFaultText();
  const { message } = AntApp.useApp();
  const { session } = useWho();
  const names = useNames();
  const [busy, setBusy] = useState<TaskOrder | null>(null);
  const now_s = useMinute();
  const mine = task.agent !== null && task.agent === session.agent;
  // Who is no agent has no phone to call from, and nothing can be theirs; but a task may be closed by a supervisor.
  const works = session.agent !== null;
  const closes = mine ? task.state === "assigned" : !works && mayAct(session, "supervisor") && !isClosed(task);
  const free = isFree(task);
  const note = task.history.findLast((one) => one.note !== "")?.note;

  const order = async (what: TaskOrder, note?: string) => {
    setBusy(what);
    try {
      onChanged(await orderTask(task, what, note));
    } catch (fault) {
      void message.error({ content: faultText(fault), duration: 6 });
      onRefused();
    }
    setBusy(null);
  };

  return (
    <li className={`task task-${task.state}`}>
      <span className="task-icon" aria-hidden>
        {task.kind === "callback" ? <PhoneOutlined aria-hidden /> : <AudioOutlined aria-hidden />}
      </span>
      <div className="task-who">
        <strong>
          <bdi>{task.name || task.number || t("agent.unknown-number")}</bdi>
        </strong>
        <span className="quiet">
          {t(`inbox.one.${task.kind}`)}
          {task.name && task.number && (
            <>
              {" · "}
              <bdi className="figure">{task.number}</bdi>
            </>
          )}
          {" · "}
          <time dateTime={new Date(task.at * 1000).toISOString()}>{format.moment(task.at, now_s)}</time>
          {task.duration_s > 0 && <span className="figure"> · {clockText(task.duration_s)}</span>}
        </span>
        {note && (
          <p>
            <bdi>{note}</bdi>
          </p>
        )}
      </div>
      <div className="task-end">
        <div className="task-tags">
          {task.group && <Tag>{names.group(task.group)}</Tag>}
          {task.due_at && !isClosed(task) && <Due task={task} />}
          {task.line && task.line.next_at !== null && task.line.next_at !== task.due_at && <Tag>{t("inbox.due", { time: format.moment(task.line.next_at, now_s) })}</Tag>}
          {task.state !== "open" && <Tag color={task.state === "assigned" ? "processing" : "default"}>{t(`inbox.state.${task.state}`, { agent: names.agent(task.agent ?? "") })}</Tag>}
        </div>
        <Space wrap>
          {free && works && (
            <Button loading={busy === "take"} onClick={() => void order("take")}>
              {t("inbox.do.take")}
            </Button>
          )}
          {works && (free || (mine && task.state === "assigned")) && task.number && (
            <Button type="primary" icon={<PhoneOutlined aria-hidden />} loading={busy === "call"} onClick={() => void order("call")}>
              {t("inbox.do.call")}
            </Button>
          )}
          {closes && <Done busy={busy === "done"} onDone={(note) => void order("done", note)} />}
          {mine && task.state === "assigned" && (
            <Button type="text" loading={busy === "release"} onClick={() => void order("release")}>
              {t("inbox.do.release")}
            </Button>
          )}
        </Space>
      </div>
      {task.kind === "voicemail" && (
        // Somebody's own words, for which there is no text.
        // oxlint-disable-next-line jsx-a11y/media-has-caption
        <audio className="task-sound" controls preload="none" src={soundOf(task)} aria-label={t("inbox.listen")} />
      )}
    </li>
  );
}

/** When it was promised for; plainly to be seen where that is over. */
function Due({ task }: { task: Task }) {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const overdue = isOverdue(task, now_s);
  const time = format.moment(task.due_at ?? task.at, now_s);
  return (
    <Tag color={overdue ? "error" : "blue"} icon={overdue ? <WarningOutlined aria-hidden /> : <ClockCircleOutlined aria-hidden />}>
      {t(overdue ? "inbox.overdue" : "inbox.promised", { time })}
    </Tag>
  );
}

function Done({ busy, onDone }: { busy: boolean; onDone: (note: string) => void }) {
  const { t } = useI18n();
  const [note, setNote] = useState("");
  return (
    <Popover
      trigger="click"
      destroyOnHidden
      content={
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            onDone(note.trim());
          }}
        >
          <Input autoFocus value={note} maxLength={500} placeholder={t("inbox.note")} aria-label={t("inbox.note")} onChange={(event) => setNote(event.target.value)} />
          <Button htmlType="submit" type="primary" block>
            {t("inbox.do.done")}
          </Button>
        </form>
      }
    >
      <Button icon={<CheckOutlined aria-hidden />} loading={busy}>
        {t("inbox.do.done")}
      </Button>
    </Popover>
  );
}
