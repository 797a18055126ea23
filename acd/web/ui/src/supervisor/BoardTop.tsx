import { ExpandOutlined, MessageOutlined, NotificationOutlined, SettingOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { memo } from "react";

import { useI18n } from "../i18n/i18n";
import { AlarmBar } from "./AlarmBar";
import type { Thresholds } from "./thresholds";
import { Totals } from "./Totals";

export type Opened = "wall" | "alarms" | "announcements" | "message";

interface Props {
  names: ReadonlyMap<string, string>;
  mine: readonly string[];
  thresholds: Thresholds;
  onMine: (groups: readonly string[]) => void;
  onOpen: (what: Opened) => void;
}

/** Large figures, the groups one looks after, alarms, and what can be opened. */
export const BoardTop = memo(function BoardTop({ names, mine, thresholds, onMine, onOpen }: Props) {
  const { t } = useI18n();
  return (
    <div className="board-top">
      <Totals mine={mine} thresholds={thresholds} />
      <div className="row">
        <Select
          mode="multiple"
          allowClear
          maxTagCount="responsive"
          showSearch={{ optionFilterProp: "label" }}
          className="w-220"
          placeholder={t("board.all-groups")}
          aria-label={t("board.my-groups")}
          value={[...mine]}
          onChange={onMine}
          options={[...names].map(([id, name]) => ({ value: id, label: name }))}
        />
        <AlarmBar mine={mine} thresholds={thresholds} onSettings={() => onOpen("alarms")} />
        <Button icon={<SettingOutlined />} aria-label={t("alarm.settings")} title={t("alarm.settings")} onClick={() => onOpen("alarms")} />
        <Button icon={<MessageOutlined />} aria-label={t("message.title")} title={t("message.title")} onClick={() => onOpen("message")} />
        <Button icon={<NotificationOutlined />} aria-label={t("announce.title")} title={t("announce.title")} onClick={() => onOpen("announcements")} />
        <Button icon={<ExpandOutlined />} aria-label={t("board.wall")} title={t("board.wall")} onClick={() => onOpen("wall")} />
      </div>
    </div>
  );
});
