import { CaretDownOutlined, CaretUpOutlined } from "@ant-design/icons";

import { useI18n } from "../i18n/i18n";
import type { Column, Figure, Line } from "./api";
import { changeOf, type Figures } from "./figures";
import type { Moments } from "./moments";

/** How figures and moments are written. */
export interface Words {
  figures: Figures;
  moments: Moments;
}

interface Props {
  column: Column;
  line: Line;
  words: Words;
  onFollow: (figure: Figure) => void;
}

/** One figure in its colour, with how it has changed; a way to the calls behind it, where there are any. */
export function Value({ column, line, words: { figures }, onFollow }: Props) {
  const { t } = useI18n();
  const value = line.values[column.id];
  const text = figures.text(value, column.unit);
  const colour = line.colours[column.id];
  const title = [figures.full(value, column.unit), colour && t(`reports.colour.${colour}`)].filter(Boolean).join(" · ") || undefined;
  const mark = colour ? `target target-${colour}` : value ? undefined : "quiet";
  return (
    <span className="value figure">
      <Changed column={column} line={line} figures={figures} />
      {column.behind && typeof value === "number" && value !== 0 ? (
        <button
          type="button"
          className={mark ? `follow ${mark}` : "follow"}
          title={title}
          aria-label={t("reports.calls-behind", { figure: `${column.label} ${text}`, line: line.name })}
          onClick={() => onFollow({ figure: column.id, key: line.key, at: line.at })}
        >
          {text}
        </button>
      ) : (
        <span className={mark} title={title}>
          {text}
        </span>
      )}
      {colour && <span className="unseen">{t(`reports.colour.${colour}`)}</span>}
    </span>
  );
}

/** A small arrow, and by how much; in the target's colours where more or less is better. */
function Changed({ column, line, figures }: { column: Column; line: Line; figures: Figures }) {
  const { t } = useI18n();
  const before = line.before?.[column.id];
  const change = changeOf(line.values[column.id], before, column, figures);
  if (change === null) return null;
  const by = figures.difference(change.by, column.unit);
  const way = change.better === null ? "" : change.better ? " change-better" : " change-worse";
  return (
    <span className={`change${way}`} title={t("reports.before", { value: figures.text(before, column.unit) })}>
      {change.by > 0 ? <CaretUpOutlined aria-label={t("reports.more")} /> : <CaretDownOutlined aria-label={t("reports.less")} />}
      {by}
    </span>
  );
}
