import { CheckCircleOutlined } from "@ant-design/icons";
import { Alert, Popover } from "antd";

import { useI18n } from "../i18n/i18n";
import type { Check, Table } from "./api";

/** What must add up, does: quietly so. Where it does not, nobody should trust a figure before that is cleared up. */
export function Checks({ table: { checks } }: { table: Table }) {
  const { t } = useI18n();
  if (checks.length === 0) return null;
  const broken = checks.filter(({ ok }) => !ok);
  if (broken.length > 0) return <Alert type="error" showIcon title={t("reports.broken", { count: broken.length })} description={<List checks={broken} />} />;
  return (
    <Popover trigger={["hover", "focus", "click"]} placement="bottomLeft" content={<List checks={checks} />}>
      <button type="button" className="checks quiet">
        <CheckCircleOutlined aria-hidden="true" /> {t("reports.all-hold", { count: checks.length })}
      </button>
    </Popover>
  );
}

const List = ({ checks }: { checks: readonly Check[] }) => (
  <ul className="check-list">
    {checks.map(({ id, text }) => (
      <li key={id}>{text}</li>
    ))}
  </ul>
);
