import "../shell/parts.css";
import "./calls.css";

import { Alert, Button, Drawer, Input, Select, Spin, Tabs } from "antd";
import { useMemo } from "react";
import { useLocation, useRoute, useSearch } from "wouter";

import { useFaultText, useLoaded } from "../api/hooks";
import { useReloadEvery } from "../api/useReloadEvery";
import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { Grid, type Column } from "../grid/Grid";
import { useI18n } from "../i18n/i18n";
import { useTopic } from "../live/hooks";
import { useMinute } from "../live/ticks";
import { useAgentNames, useGroupNames } from "../supervisor/hooks";
import { findCalls, LISTED, readStory, type CallFilter, type CallLine } from "./api";
import { filterOf, searchOf } from "./filter";
import { PeriodPicker } from "./PeriodPicker";
import { Decisions, Story } from "./Story";

const AGAIN_S = 15;

/** What has happened: calls that are over and those that go on, with the story of each. */
export default function CallsPage() {
  const { t } = useI18n();
  useTopic("wallboard");
  const [, goTo] = useLocation();
  const [, route] = useRoute("/:id");
  const search = useSearch();
  const filter = useMemo(() => filterOf(search), [search]);
  const set = (change: Partial<CallFilter>) => goTo(`/?${searchOf({ ...filter, ...change })}`, { replace: true });
  const found = useLoaded(`calls ${search}`, (signal) => findCalls(filter, signal));
  useReloadEvery(AGAIN_S, found.reload);
  const faultText = useFaultText();
  const open = route?.id === undefined ? null : decodeURIComponent(route.id);
  return (
    <div className="calls">
      <div className="spread">
        <h1>{t("shell.calls")}</h1>
        <Filters filter={filter} onChange={set} />
      </div>
      {found.fault !== undefined && <Alert type="error" showIcon title={faultText(found.fault)} />}
      <div className="calls-table">
        {found.value ? <CallTable calls={found.value} onOpen={(call) => goTo(`/${encodeURIComponent(call)}?${search}`)} /> : found.loading && <Spin className="waiting" />}
      </div>
      {found.value?.length === LISTED && <p className="quiet">{t("calls.more", { count: LISTED })}</p>}
      <Drawer open={open !== null} size={760} title={open === null ? "" : t("calls.story-of", { call: open })} onClose={() => goTo(`/?${search}`)} destroyOnHidden>
        {open !== null && <OneCall call={open} />}
      </Drawer>
    </div>
  );
}

function Filters({ filter, onChange }: { filter: CallFilter; onChange: (change: Partial<CallFilter>) => void }) {
  const { t } = useI18n();
  const groups = useGroupNames();
  const agents = useAgentNames();
  const options = (names: ReadonlyMap<string, string>) => [...names].map(([value, label]) => ({ value, label }));
  return (
    <div className="row">
      <PeriodPicker from={filter.from} to={filter.to} onChange={(from, to) => onChange({ from, to })} />
      <Select allowClear showSearch={{ optionFilterProp: "label" }} className="w-140" placeholder={t("calls.any-group")} aria-label={t("board.group")} value={filter.group} onChange={(group) => onChange({ group: group ?? null })} options={options(groups)} />
      <Select allowClear showSearch={{ optionFilterProp: "label" }} className="w-140" placeholder={t("calls.any-agent")} aria-label={t("board.agent")} value={filter.agent} onChange={(agent) => onChange({ agent: agent ?? null })} options={options(agents)} />
      <Input.Search allowClear className="w-220" defaultValue={filter.number ?? ""} maxLength={40} placeholder={t("calls.number")} aria-label={t("calls.number")} onSearch={(number) => onChange({ number: number.trim() || null })} />
    </div>
  );
}

/** By their names; who is no longer there by the id. */
const named = (ids: readonly string[], names: ReadonlyMap<string, string>): string => ids.map((id) => names.get(id) ?? id).join(", ");

function CallTable({ calls, onOpen }: { calls: readonly CallLine[]; onOpen: (call: string) => void }) {
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
        width_px: 130,
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
        width_px: 160,
        grow: 2,
        sort: (call) => call.customer?.name || call.caller_name || call.caller_number,
        cell: (call) => (
          <span title={call.caller_number ?? ""}>
            <bdi>{call.customer?.name || call.caller_name || call.caller_number || t("board.unknown-caller")}</bdi>
            {(call.customer?.name || call.caller_name) && call.caller_number && <bdi className="quiet"> {call.caller_number}</bdi>}
          </span>
        ),
      },
      { key: "kind", title: t("calls.kind"), width_px: 90, sort: (call) => call.kind, cell: (call) => known(`calls.kind.${call.kind}`) ?? call.kind },
      { key: "groups", title: t("board.groups"), width_px: 100, grow: 1, sort: (call) => call.groups.join(), cell: (call) => named(call.groups, groups) },
      { key: "agents", title: t("board.agents"), width_px: 100, grow: 1, sort: (call) => call.agents.join(), cell: (call) => named(call.agents, agents) },
      { key: "wait", title: t("calls.waited"), width_px: 72, end: true, descending: true, sort: (call) => call.wait_s, cell: (call) => clockText(call.wait_s) },
      { key: "talk", title: t("calls.talked"), width_px: 72, end: true, descending: true, sort: (call) => call.talk_s, cell: (call) => clockText(call.talk_s) },
      { key: "end", title: t("calls.ended"), width_px: 120, sort: (call) => call.ended_by, cell: (call) => (call.ended_at === null ? <strong>{t("calls.goes-on")}</strong> : (known(`calls.end.${call.ended_by}`) ?? call.ended_by)) },
    ],
    [t, known, format, now_s, groups, agents],
  );
  return <Grid name="calls" label={t("shell.calls")} columns={columns} rows={calls} idOf={(call) => call.id} initial={{ column: "at", descending: true }} empty={t("calls.none")} rowHeight_px={34} onOpen={(call) => onOpen(call.id)} />;
}

function OneCall({ call }: { call: string }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const { value, fault, reload, loading } = useLoaded(`story ${call}`, (signal) => readStory(call, signal));
  if (!value) return fault === undefined ? <Spin className="waiting" /> : <Alert type="error" showIcon title={faultText(fault)} />;
  return (
    <Tabs
      tabBarExtraContent={
        value.call.ended_at === null && (
          <Button size="small" loading={loading} onClick={reload}>
            {t("calls.reload")}
          </Button>
        )
      }
      items={[
        { key: "story", label: t("calls.story"), children: <Story story={value} /> },
        { key: "why", label: t("calls.why"), children: <Decisions story={value} /> },
      ]}
    />
  );
}
