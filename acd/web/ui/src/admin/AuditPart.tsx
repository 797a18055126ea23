import { Alert, Button, Input, Table } from "antd";
import { useEffect, useState } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { isolated, useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { readAudit, type AuditFilter, type AuditLine } from "./api";

const NOTHING: AuditFilter = { who: null, about: null, what: null, before: null };
const PAGE = 100;

/** What people and programs have done, the newest first; older entries are added below. */
export default function AuditPart() {
  const { t, known } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const faultText = useFaultText();
  const [filter, setFilter] = useState(NOTHING);
  const [lines, setLines] = useState<readonly AuditLine[]>([]);
  const { value, fault, loading } = useLoaded(JSON.stringify(filter), (signal) => readAudit(filter, signal));
  useEffect(() => {
    if (value) setLines((old) => (filter.before === null ? value : [...old.filter(({ id }) => id >= filter.before!), ...value]));
    // oxlint-disable-next-line react/exhaustive-deps -- a filter brings a new value
  }, [value]);
  const search = (name: "who" | "what" | "about") => (
    <Input.Search
      allowClear
      className="w-220"
      maxLength={200}
      placeholder={t(`admin.audit-${name}`)}
      aria-label={t(`admin.audit-${name}`)}
      onSearch={(text) => setFilter((old) => ({ ...old, before: null, [name]: text.trim() || null }))}
    />
  );
  return (
    <>
      <div className="row">
        {search("who")}
        {search("what")}
        {search("about")}
      </div>
      {fault !== undefined && <Alert type="error" showIcon title={faultText(fault)} />}
      <Table<AuditLine>
        size="small"
        rowKey="id"
        pagination={false}
        loading={loading}
        dataSource={[...lines]}
        columns={[
          { title: t("admin.at"), dataIndex: "at", render: (at: string) => <span className="figure" title={format.timeWithSeconds(secondsOf(at))}>{format.moment(secondsOf(at), now_s)}</span> },
          { title: t("admin.who"), dataIndex: "who", render: (who: string, line) => <span title={line.address}><bdi>{who}</bdi> <span className="quiet">{known(`admin.role.${line.role}`) ?? line.role}</span></span> },
          { title: t("admin.what"), dataIndex: "what", width: 150 },
          { title: t("admin.about"), dataIndex: "about", width: 170, render: (about: string) => <bdi className="address">{about}</bdi> },
          { title: t("admin.detail"), dataIndex: "detail", render: (detail: AuditLine["detail"]) => <bdi className="quiet address">{detailText(detail)}</bdi> },
        ]}
      />
      {(value?.length ?? 0) === PAGE && (
        <Button className="older" loading={loading} onClick={() => setFilter((old) => ({ ...old, before: lines.at(-1)!.id }))}>
          {t("admin.older")}
        </Button>
      )}
    </>
  );
}

const detailText = (detail: AuditLine["detail"]): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${isolated(typeof value === "string" ? value : JSON.stringify(value))}`)
    .join(", ");
