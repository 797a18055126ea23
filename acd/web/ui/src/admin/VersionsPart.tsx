import { Table } from "antd";

import { useLoaded } from "../api/hooks";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { readVersions, type Version } from "./api";
import { Loaded } from "./Loaded";

export default function VersionsPart() {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  return (
    <>
      <p className="quiet">{t("admin.versions-note")}</p>
      <Loaded state={useLoaded("versions", readVersions)}>
        {(versions) => (
          <Table<Version>
            size="small"
            rowKey="number"
            pagination={false}
            dataSource={versions}
            columns={[
              { title: t("admin.version"), dataIndex: "number", render: (number: number, one) => <>{number || "–"} {one.active && <span className="mark good">{t("admin.active")}</span>}</> },
              { title: t("admin.at"), dataIndex: "at", render: (at: string) => <span title={format.timeWithSeconds(secondsOf(at))}>{format.moment(secondsOf(at), now_s)}</span> },
              { title: t("admin.who"), dataIndex: "who" },
              { title: t("admin.source"), dataIndex: "source" },
              { title: t("admin.tests"), dataIndex: "tests" },
              { title: t("admin.changed-files"), dataIndex: "changed", render: (changed: string[]) => (changed.length > 0 ? <span className="address">{changed.join(", ")}</span> : <span className="quiet">–</span>) },
              { title: t("shell.calls"), dataIndex: "calls" },
              { title: t("admin.hash"), dataIndex: "version", render: (version: string) => <code>{version.slice(0, 12)}</code> },
            ]}
          />
        )}
      </Loaded>
    </>
  );
}
