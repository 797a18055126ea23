import { CloseOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useEffect, useRef } from "react";

import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useNow } from "../live/ticks";
import { STATES, countStates, type GroupRow } from "./board";
import { Clock, levelClass } from "./Clock";
import { Share } from "./GroupTable";
import { useAgentRows, useGroupRows } from "./hooks";
import { StateMark } from "./StateMark";
import { groupLevels, levelOf, type Level, type Thresholds } from "./thresholds";
import { Totals } from "./Totals";

interface Props {
  mine: readonly string[];
  thresholds: Thresholds;
  onClose: () => void;
}

const WORST: readonly Level[] = ["alarm", "warn", "fine"];

/** For the screen on the wall: everything large, the groups in trouble first. */
export function Wall({ mine, thresholds, onClose }: Props) {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useNow();
  const groups = useGroupRows(mine);
  const agents = useAgentRows(mine);
  const element = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const whenLeft = () => document.fullscreenElement === null && close.current();
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && close.current();
    // Where the browser refuses the whole screen, its window has to do.
    element.current?.requestFullscreen?.().then(() => document.addEventListener("fullscreenchange", whenLeft), () => {});
    element.current?.focus();
    document.documentElement.classList.add("walled");
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("fullscreenchange", whenLeft);
      document.removeEventListener("keydown", onKey);
      document.documentElement.classList.remove("walled");
      if (document.fullscreenElement) void document.exitFullscreen();
    };
  }, []);
  const worst = ({ group, figures }: GroupRow) => Math.min(...groupLevels(group, figures, thresholds, now_s).map(({ level }) => WORST.indexOf(level)), 2);
  const order = groups.map((row) => ({ ...row, worst: worst(row) })).toSorted((one, other) => one.worst - other.worst || other.group.waiting - one.group.waiting);
  const counts = countStates(agents);
  return (
    <div className="wall" ref={element} role="dialog" aria-modal="true" aria-label={t("board.wall")} tabIndex={-1}>
      <header className="spread">
        <Totals mine={mine} thresholds={thresholds} />
        <span className="wall-time figure">{format.time(now_s)}</span>
        <Button icon={<CloseOutlined />} aria-label={t("board.wall-close")} onClick={onClose} />
      </header>
      <ul className="wall-states">
        {STATES.filter((state) => state !== "logged_out").map((state) => (
          <li key={state}>
            <StateMark state={state} /> <strong className="figure">{counts[state]}</strong>
          </li>
        ))}
      </ul>
      <ul className="wall-groups">
        {order.map(({ group, figures, worst: level }) => (
          <li key={group.id} className={`wall-group wall-${WORST[level]}`}>
            <h2 className="cut">
              <bdi>{group.name}</bdi>
            </h2>
            <p className="wall-waiting figure">
              <strong className={levelClass(levelOf("waiting", group.waiting, thresholds.waiting))}>{group.waiting}</strong>
              {group.oldest_at !== null && <Clock at_s={group.oldest_at} levelAt={(seconds) => levelOf("longest_wait_s", seconds, thresholds.longest_wait_s)} />}
            </p>
            <dl className="wall-figures">
              <div>
                <dt>{t("board.level-today")}</dt>
                <dd>
                  <Share share={figures?.service_level} thresholds={thresholds} />
                </dd>
              </div>
              <div>
                <dt>{t("board.ready")}</dt>
                <dd className="figure">
                  {group.ready}/{group.staffed}
                </dd>
              </div>
            </dl>
          </li>
        ))}
      </ul>
    </div>
  );
}
