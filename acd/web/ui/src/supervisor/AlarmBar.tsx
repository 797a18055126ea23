import { BellOutlined, MutedOutlined, SoundOutlined } from "@ant-design/icons";
import { Button, Popover } from "antd";
import { useEffect, useMemo, useState } from "react";

import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { live } from "../live/live";
import { useNow } from "../live/ticks";
import { remember, remembered } from "../shell/taste";
import { isToBeHeard, presentAlarms, stillSeen, type Alarm } from "./alarms";
import { isGroupShown, isOf, makeAgentRows, makeGroupRows } from "./board";
import { allowSound, chime, maySound } from "./sound";
import { KINDS, type Thresholds } from "./thresholds";

interface Props {
  mine: readonly string[];
  thresholds: Thresholds;
  onSettings: () => void;
}

/** So often it is heard until somebody has seen it. */
const AGAIN_S = 10;

export function AlarmBar({ mine, thresholds, onSettings }: Props) {
  const { t } = useI18n();
  const now_s = useNow();
  const [loud, setLoud] = useState(() => remembered("alarm-sound") === "on");
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => [makeGroupRows(), makeAgentRows()] as const, []);
  // Once a second, and not with each change: alarms are about seconds and counts.
  const present = useMemo(() => {
    const objects = live.store.objects("wallboard");
    const groups = rows[0](objects).filter((row) => isGroupShown(row, mine));
    return presentAlarms(groups, rows[1](objects).filter((row) => isOf(row, mine)), thresholds, now_s);
  }, [rows, mine, thresholds, now_s]);
  useEffect(() => setSeen((old) => stillSeen(old, present)), [present]);

  const fresh = present.filter((alarm) => !seen.has(alarm.id));
  const heard = loud && isToBeHeard(present, seen, thresholds);
  useEffect(() => {
    if (!heard) return undefined;
    chime();
    const timer = setInterval(chime, AGAIN_S * 1000);
    return () => clearInterval(timer);
  }, [heard, fresh.length]);
  useFirstClick(loud);

  const turnSound = () => {
    allowSound();
    remember("alarm-sound", loud ? "off" : "on");
    setLoud(!loud);
  };

  return (
    <>
      <Popover
        trigger="click"
        placement="bottomRight"
        title={t("alarm.title")}
        content={
          <AlarmList
            present={present}
            seen={seen}
            onSeen={(alarms) => setSeen(new Set([...seen, ...alarms.map((alarm) => alarm.id)]))}
            onSettings={onSettings}
          />
        }
      >
        <Button
          icon={<BellOutlined />}
          danger={fresh.length > 0}
          title={t("alarm.count", { count: present.length, fresh: fresh.length })}
        >
          {fresh.length > 0 ? `${fresh.length}/${present.length}` : present.length}
          <span className="unseen">{t("alarm.count", { count: present.length, fresh: fresh.length })}</span>
        </Button>
      </Popover>
      <Button
        icon={loud ? <SoundOutlined /> : <MutedOutlined />}
        aria-pressed={loud}
        aria-label={t("alarm.sound")}
        title={t(loud ? "alarm.sound-on" : "alarm.sound-off")}
        onClick={turnSound}
      />
      <div role="status" className="unseen">
        {fresh.length > 0 && t("alarm.count", { count: present.length, fresh: fresh.length })}
      </div>
    </>
  );
}

/** A browser that was closed with the sound on may be heard again after the first click anywhere. */
function useFirstClick(loud: boolean): void {
  useEffect(() => {
    if (!loud || maySound()) return undefined;
    window.addEventListener("pointerdown", allowSound, { once: true });
    window.addEventListener("keydown", allowSound, { once: true });
    return () => {
      window.removeEventListener("pointerdown", allowSound);
      window.removeEventListener("keydown", allowSound);
    };
  }, [loud]);
}

interface ListProps {
  present: readonly Alarm[];
  seen: ReadonlySet<string>;
  onSeen: (alarms: readonly Alarm[]) => void;
  onSettings: () => void;
}

function AlarmList({ present, seen, onSeen, onSettings }: ListProps) {
  const { t } = useI18n();
  const valueText = useValueText();
  return (
    <div className="alarm-list">
      {present.length === 0 && <p className="quiet">{t("alarm.none")}</p>}
      <ul className="plain-list">
        {present.slice(0, 100).map((alarm) => (
          <li key={alarm.id} className="spread">
            <span className={seen.has(alarm.id) ? "quiet" : ""}>
              <bdi>{alarm.name}</bdi>: {t(`alarm.kind.${alarm.kind}`)} <strong className="figure">{valueText(alarm)}</strong>
            </span>
            {!seen.has(alarm.id) && (
              <Button size="small" onClick={() => onSeen([alarm])}>
                {t("alarm.seen")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <div className="row">
        <Button size="small" disabled={present.every((alarm) => seen.has(alarm.id))} onClick={() => onSeen(present)}>
          {t("alarm.all-seen")}
        </Button>
        <Button size="small" type="link" onClick={onSettings}>
          {t("alarm.settings")}
        </Button>
      </div>
    </div>
  );
}

function useValueText(): (alarm: Alarm) => string {
  const format = useFormat();
  return ({ kind, value }) => ({ seconds: clockText, share: format.percent, count: format.number })[KINDS[kind].unit](value);
}
