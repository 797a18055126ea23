import { CheckCircleOutlined } from "@ant-design/icons";
import { Alert, Popover } from "antd";

import { useI18n } from "../i18n/i18n";
import type { Check, Named, Table } from "./api";

/** What must add up, does: quietly so. Where it does not, nobody should trust a figure before that is cleared up. */
export function Checks({ table: { checks }, named }: { table: Table; named: readonly Named[] }) {
  const { t } = useI18n();
  const meanings = new Map(named.map(({ id, label }) => [id, label]));
  if (checks.length === 0) return null;
  const broken = checks.filter(({ ok }) => !ok);
  if (broken.length > 0) return <Alert type="error" showIcon title={t("reports.broken", { count: broken.length })} description={<List checks={broken} meanings={meanings} />} />;
  return (
    <Popover trigger={["hover", "focus", "click"]} placement="bottomLeft" content={<List checks={checks} meanings={meanings} />}>
      <button type="button" className="checks quiet">
        <CheckCircleOutlined aria-hidden="true" /> {t("reports.all-hold", { count: checks.length })}
      </button>
    </Popover>
  );
}

const List = ({ checks, meanings }: { checks: readonly Check[]; meanings: ReadonlyMap<string, string> }) => (
  <ul className="check-list">
    {checks.map(({ id, text }) => (
      <li key={id}>
        {meanings.get(id) ?? id}
        <br />
        <span className="quiet">{text}</span>
      </li>
    ))}
  </ul>
);
