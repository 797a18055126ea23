import { useMemo } from "react";

import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { Grid, type Column } from "../grid/Grid";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { useAgentNames, useGroupNames } from "../supervisor/hooks";
import type { CallLine } from "./api";

/** By their names; who is no longer there by the id. */
const named = (ids: readonly string[], names: ReadonlyMap<string, string>): string => ids.map((id) => names.get(id) ?? id).join(", ");

/** Its kind, and who knows of it where that is not this server itself. */
function kindOf(call: CallLine, known: (key: string) => string | null): string {
  const kind = known(`calls.kind.${call.kind}`) ?? call.kind;
  return call.source === "acd" ? kind : `${kind} (${known(`calls.source.${call.source}`) ?? call.source})`;
}

/** A list of calls; each opens its story. */
export function CallTable({ calls, onOpen }: { calls: readonly CallLine[]; onOpen: (call: string) => void }) {
  const { t, known } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const groups = useGroupNames();
  const agents = useAgentNames();
  const columns = useMemo<Column<CallLine>[]>(
    () => [
      {
        key: "at",
        title: t("calls.began"),
        width_px: 112,
        descending: true,
        sort: (call) => secondsOf(call.started_at),
        cell: (call) => (
          <span className="figure" title={format.timeWithSeconds(secondsOf(call.started_at))}>
            {format.moment(secondsOf(call.started_at), now_s)}
          </span>
        ),
      },
      {
        key: "caller",
        title: t("board.caller"),
        width_px: 200,
        grow: 3,
        sort: (call) => call.customer?.name || call.caller_name || call.caller_number,
        cell: (call) => (
          <span title={call.caller_number ?? ""}>
            <bdi>{call.customer?.name || call.caller_name || call.caller_number || t("board.unknown-caller")}</bdi>
            {(call.customer?.name || call.caller_name) && call.caller_number && <bdi className="quiet"> {call.caller_number}</bdi>}
          </span>
        ),
      },
      { key: "kind", title: t("calls.kind"), width_px: 80, sort: (call) => `${call.kind} ${call.source}`, cell: (call) => kindOf(call, known) },
      { key: "groups", title: t("board.groups"), width_px: 100, grow: 1, sort: (call) => call.groups.join(), cell: (call) => named(call.groups, groups) },
      { key: "agents", title: t("board.agents"), width_px: 100, grow: 1, sort: (call) => call.agents.join(), cell: (call) => named(call.agents, agents) },
      { key: "wait", title: t("calls.waited"), width_px: 72, end: true, descending: true, sort: (call) => call.wait_s, cell: (call) => clockText(call.wait_s) },
      { key: "talk", title: t("calls.talked"), width_px: 72, end: true, descending: true, sort: (call) => call.talk_s, cell: (call) => clockText(call.talk_s) },
      { key: "end", title: t("calls.ended"), width_px: 96, sort: (call) => call.ended_by, cell: (call) => (call.ended_at === null ? <strong>{t("calls.goes-on")}</strong> : (known(`calls.end.${call.ended_by}`) ?? call.ended_by)) },
    ],
    [t, known, format, now_s, groups, agents],
  );
  return <Grid name="calls" label={t("shell.calls")} columns={columns} rows={calls} idOf={(call) => call.id} initial={{ column: "at", descending: true }} empty={t("calls.none")} rowHeight_px={34} onOpen={(call) => onOpen(call.id)} />;
}
