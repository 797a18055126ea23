import { DeleteOutlined, EditOutlined, MailOutlined } from "@ant-design/icons";
import { Button, Popconfirm } from "antd";

import { mayAct } from "../api/session";
import { useDo } from "../api/useDo";
import { useI18n } from "../i18n/i18n";
import { useWho } from "../shell/session";
import { removeSaved, sendSaved, type BrokenReport, type SavedReport } from "./saved";

interface Props {
  line: SavedReport | BrokenReport;
  /** Whether there is a mail server to send with. */
  mail: boolean;
  /** null: of one that is broken there is nothing to send or change. */
  onChange: (() => void) | null;
  onDone: () => void;
}

/** Its owner, or an admin, may change and remove it. */
export function SavedActions({ line, mail, onChange, onDone }: Props) {
  const { t } = useI18n();
  const { session } = useWho();
  const doIt = useDo();
  const isMine = line.owner === session.username || mayAct(session, "admin");
  const hasReaders = "recipients" in line && line.recipients.length > 0;
  const labelled = (what: string) => ({ title: what, "aria-label": `${what}: ${line.name}` });
  return (
    <span className="saved-actions">
      {onChange && (
        <>
          <Button size="small" icon={<MailOutlined />} disabled={!mail || !hasReaders} {...labelled(t("saved.send-now"))} onClick={() => void doIt(() => sendSaved(line.id), t("saved.is-sent")).then(onDone)} />
          <Button size="small" icon={<EditOutlined />} disabled={!isMine} {...labelled(t("saved.change"))} onClick={onChange} />
        </>
      )}
      <Popconfirm title={t("saved.remove-sure", { name: line.name })} okText={t("saved.remove")} onConfirm={() => doIt(() => removeSaved(line.id)).then(onDone)} disabled={!isMine}>
        <Button size="small" icon={<DeleteOutlined />} disabled={!isMine} {...labelled(t("saved.remove"))} />
      </Popconfirm>
    </span>
  );
}
