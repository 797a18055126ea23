import { useMemo } from "react";

import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { Grid, type Column } from "../grid/Grid";
import { useI18n } from "../i18n/i18n";
import type { Group } from "../live/shapes";
import type { GroupRow } from "./board";
import { Clock, levelClass } from "./Clock";
import { levelOf, type Thresholds } from "./thresholds";

interface Props {
  rows: readonly GroupRow[];
  thresholds: Thresholds;
  onChoose: (group: string) => void;
}

/** A click on a group shows its agents and waiting calls alone. */
export function GroupTable({ rows, thresholds, onChoose }: Props) {
  const { t } = useI18n();
  const format = useFormat();
  const columns = useMemo<Column<GroupRow>[]>(
    () => [
      { key: "name", title: t("board.group"), width_px: 110, grow: 2, sort: ({ group }) => group.name, cell: ({ group }) => <bdi title={group.name}>{group.name}</bdi> },
      {
        key: "waiting",
        title: t("board.waiting"),
        width_px: 66,
        end: true,
        descending: true,
        sort: ({ group }) => group.waiting,
        cell: ({ group }) => (
          <strong className={levelClass(levelOf("waiting", group.waiting, thresholds.waiting))}>{format.number(group.waiting)}</strong>
        ),
      },
      {
        key: "oldest",
        title: t("board.longest"),
        width_px: 72,
        end: true,
        descending: true,
        sort: ({ group }) => (group.oldest_at === null ? null : -group.oldest_at),
        cell: ({ group }) => (
          <Clock at_s={group.oldest_at} levelAt={(seconds) => levelOf("longest_wait_s", seconds, thresholds.longest_wait_s)} />
        ),
      },
      {
        key: "expected",
        title: t("board.expected"),
        hint: t("board.expected-hint"),
        width_px: 92,
        end: true,
        descending: true,
        sort: ({ group }) => group.expected_wait_s?.p50,
        cell: ({ group }) => group.expected_wait_s && `${clockText(group.expected_wait_s.p50)}–${clockText(group.expected_wait_s.p90)}`,
      },
      {
        key: "level-now",
        title: t("board.level-now"),
        hint: t("board.level-now-hint"),
        width_px: 76,
        end: true,
        sort: ({ figures }) => figures?.service_level_30min,
        cell: ({ figures }) => <Share share={figures?.service_level_30min} thresholds={thresholds} />,
      },
      {
        key: "level-today",
        title: t("board.level-today"),
        hint: t("board.level-today-hint"),
        width_px: 76,
        end: true,
        sort: ({ figures }) => figures?.service_level,
        cell: ({ figures }) => <Share share={figures?.service_level} thresholds={thresholds} />,
      },
      { key: "answered", title: t("board.answered"), width_px: 82, end: true, descending: true, sort: ({ figures }) => figures?.answered, cell: ({ figures }) => figures && format.number(figures.answered) },
      { key: "abandoned", title: t("board.abandoned"), width_px: 94, end: true, descending: true, sort: ({ figures }) => figures?.abandoned, cell: ({ figures }) => figures && format.number(figures.abandoned) },
      { key: "ready", title: t("board.ready"), width_px: 60, end: true, descending: true, sort: ({ group }) => group.ready, cell: ({ group }) => <span className={group.staffed > 0 ? levelClass(levelOf("ready", group.ready, thresholds.ready)) : ""}>{format.number(group.ready)}</span> },
      { key: "staff", title: t("board.staff"), hint: t("board.staff-hint"), width_px: 138, grow: 2, descending: true, sort: ({ group }) => group.staffed, cell: ({ group }) => <Staff group={group} /> },
    ],
    [t, format, thresholds],
  );
  return (
    <Grid
      name="groups"
      label={t("board.groups")}
      columns={columns}
      rows={rows}
      idOf={({ group }) => group.id}
      empty={t("board.no-groups")}
      rowHeight_px={34}
      onOpen={({ group }) => onChoose(group.id)}
    />
  );
}

export function Share({ share, thresholds }: { share: number | null | undefined; thresholds: Thresholds }) {
  const format = useFormat();
  if (share === null || share === undefined) return <span className="quiet">–</span>;
  return <span className={levelClass(levelOf("service_level", share, thresholds.service_level))}>{format.percent(share)}</span>;
}

const PARTS = ["talking", "wrap_up", "ready", "not_ready"] as const;

/** How many are in which state: by lengths, and by numbers. */
function Staff({ group }: { group: Group }) {
  const { t } = useI18n();
  const text = PARTS.map((part) => `${t(`board.state.${part}`)} ${group[part]}`).join(", ");
  return (
    <span className="staff" title={text}>
      <span className="staff-bar" aria-hidden="true">
        {PARTS.map((part) => group[part] > 0 && <span key={part} className={`state-${part}`} style={{ flexGrow: group[part] }} />)}
      </span>
      <span className="figure" aria-hidden="true">
        {PARTS.map((part) => group[part]).join(" · ")}
      </span>
      <span className="unseen">{text}</span>
    </span>
  );
}
