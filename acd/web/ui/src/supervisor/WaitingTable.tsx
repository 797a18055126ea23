import { QuestionCircleOutlined, RiseOutlined, SwapOutlined } from "@ant-design/icons";
import { memo, useMemo, useState } from "react";

import { useDo } from "../api/useDo";
import { Grid, type Column } from "../grid/Grid";
import { RowMenu, type Opened } from "../grid/RowMenu";
import { useI18n } from "../i18n/i18n";
import { sameItems, useSelect } from "../live/hooks";
import type { Call } from "../live/shapes";
import type { Objects } from "../live/store";
import { moveCall, PRIORITY_MAX, setPriority } from "./api";
import { waitingCalls } from "./board";
import { Clock } from "./Clock";
import { levelOf, type Thresholds } from "./thresholds";

interface Props {
  groups: readonly string[];
  names: ReadonlyMap<string, string>;
  thresholds: Thresholds;
  onWhy: (call: Call) => void;
}

/** Points of priority that one click adds. */
const RAISE_BY = 10;

export const WaitingTable = memo(function WaitingTable({ groups, names, thresholds, onWhy }: Props) {
  const { t } = useI18n();
  const act = useDo();
  const select = useMemo(() => (objects: Objects) => waitingCalls(objects, groups), [groups]);
  const calls = useSelect("calls", select, sameItems);
  const [moving, setMoving] = useState<Opened<Call> | null>(null);
  const columns = useMemo<Column<Call>[]>(
    () => [
      {
        key: "caller",
        title: t("board.caller"),
        width_px: 136,
        grow: 2,
        sort: (call) => nameOf(call) || null,
        cell: (call) => (
          <span title={call.caller_number ?? ""}>
            <bdi>{nameOf(call) || t("board.unknown-caller")}</bdi>
            {call.customer?.segment && <span className="quiet"> · {call.customer.segment}</span>}
          </span>
        ),
      },
      { key: "group", title: t("board.group"), width_px: 92, grow: 1, sort: (call) => names.get(call.group ?? "") ?? call.group, cell: (call) => <span title={names.get(call.group ?? "") ?? ""}>{names.get(call.group ?? "") ?? call.group}</span> },
      {
        key: "waited",
        title: t("board.waited"),
        width_px: 64,
        end: true,
        descending: true,
        sort: (call) => -(call.queued_at ?? call.since_at),
        cell: (call) => <Clock at_s={call.queued_at ?? call.since_at} levelAt={(seconds) => levelOf("longest_wait_s", seconds, thresholds.longest_wait_s)} />,
      },
      { key: "position", title: t("board.position"), width_px: 52, end: true, sort: (call) => call.position, cell: (call) => call.position },
      { key: "priority", title: t("board.priority"), width_px: 60, end: true, descending: true, sort: (call) => call.priority, cell: (call) => call.priority },
      {
        key: "do",
        title: t("board.actions"),
        width_px: 100,
        cell: (call) => (
          <>
            <button type="button" className="grid-button" title={t("board.why-waiting")} aria-label={t("board.why-waiting")} onClick={() => onWhy(call)}>
              <QuestionCircleOutlined aria-hidden="true" />
            </button>
            <button
              type="button"
              className="grid-button"
              title={t("board.raise")}
              aria-label={t("board.raise")}
              disabled={call.priority >= PRIORITY_MAX}
              onClick={() => void act(() => setPriority(call.id, Math.min(PRIORITY_MAX, call.priority + RAISE_BY)), t("board.raised"))}
            >
              <RiseOutlined aria-hidden="true" />
            </button>
            <button type="button" className="grid-button" aria-haspopup="menu" aria-label={t("board.move")} title={t("board.move")} onClick={(event) => setMoving({ row: call, button: event.currentTarget })}>
              <SwapOutlined aria-hidden="true" />
            </button>
          </>
        ),
      },
    ],
    [t, names, thresholds, act, onWhy],
  );
  return (
    <>
      <Grid name="waiting" label={t("board.waiting-calls")} columns={columns} rows={calls} idOf={idOf} initial={LONGEST_FIRST} empty={t("board.nobody-waits")} rowHeight_px={34} />
      {moving && <MoveMenu {...moving} names={names} onClose={() => setMoving(null)} />}
    </>
  );
});

const idOf = (call: Call): string => call.id;
const LONGEST_FIRST = { column: "waited", descending: true };

const nameOf = (call: Call): string => call.customer?.name || call.caller_name || call.caller_number || "";

function MoveMenu({ row: call, button, names, onClose }: Opened<Call> & { names: ReadonlyMap<string, string>; onClose: () => void }) {
  const { t } = useI18n();
  const act = useDo();
  const items = [...names]
    .filter(([id]) => id !== call.group)
    .map(([id, name]) => ({ key: id, label: name, onClick: () => void act(() => moveCall(call.id, id), t("board.moved", { name })) }));
  return <RowMenu button={button} items={items} onClose={onClose} />;
}
