import "../shell/parts.css";
import "./calls.css";

import { Alert, Drawer, Input, Select, Spin } from "antd";
import { useMemo } from "react";
import { useLocation, useRoute, useSearch } from "wouter";

import { useFaultText, useLoaded } from "../api/hooks";
import { useReloadEvery } from "../api/useReloadEvery";
import { useI18n } from "../i18n/i18n";
import { useTopic } from "../live/hooks";
import { useAgentNames, useGroupNames } from "../supervisor/hooks";
import { findCalls, LISTED, type CallFilter } from "./api";
import { CallTable } from "./CallTable";
import { filterOf, searchOf } from "./filter";
import { OneCall } from "./OneCall";
import { PeriodPicker } from "./PeriodPicker";

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
