import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useSelect } from "../live/hooks";
import { Clock, levelClass } from "./Clock";
import { figuresOfAll } from "./figures";
import { useGroupRows } from "./hooks";
import { levelOf, type Thresholds } from "./thresholds";

/** Of all groups that are shown: what waits; of all groups: the day's figures. */
export function Totals({ mine, thresholds }: { mine: readonly string[]; thresholds: Thresholds }) {
  const { t } = useI18n();
  const format = useFormat();
  const rows = useGroupRows(mine);
  const all = useSelect("wallboard", figuresOfAll);
  const oldest_at = rows.reduce<number | null>((least, { group }) => (group.oldest_at !== null && (least === null || group.oldest_at < least) ? group.oldest_at : least), null);
  const share = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : <span className={levelClass(levelOf("service_level", value, thresholds.service_level))}>{format.percent(value)}</span>;
  const count = (value: number | undefined) => (value === undefined ? "–" : format.number(value));
  return (
    <dl className="totals">
      <div>
        <dt>{t("board.waiting")}</dt>
        <dd>{format.number(rows.reduce((sum, { group }) => sum + group.waiting, 0))}</dd>
      </div>
      <div>
        <dt>{t("board.longest")}</dt>
        <dd>{oldest_at === null ? "–" : <Clock at_s={oldest_at} levelAt={(seconds) => levelOf("longest_wait_s", seconds, thresholds.longest_wait_s)} />}</dd>
      </div>
      <div>
        <dt>{t("board.level-now")}</dt>
        <dd>{share(all?.service_level_30min)}</dd>
      </div>
      <div>
        <dt>{t("board.level-today")}</dt>
        <dd>{share(all?.service_level)}</dd>
      </div>
      <div>
        <dt>{t("board.answered")}</dt>
        <dd>{count(all?.answered)}</dd>
      </div>
      <div>
        <dt>{t("board.abandoned")}</dt>
        <dd>{count(all?.abandoned)}</dd>
      </div>
    </dl>
  );
}
