import { Drawer } from "antd";

import { useI18n } from "../i18n/i18n";
import type { Kpi } from "./api";

/** What a key figure means, so that nobody has to guess. */
export function Definition({ kpi, onClose }: { kpi: Kpi | null; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Drawer open={kpi !== null} size={420} title={kpi?.label} onClose={onClose} destroyOnHidden>
      {kpi && (
        <dl className="definition">
          <Item name={t("reports.formula-is")} text={kpi.formula} />
          <Item name={t("reports.counted")} text={kpi.counted} />
          <Item name={t("reports.not-counted")} text={kpi.not_counted} />
          <Item name={t("reports.unit")} text={t(`reports.unit.${kpi.unit}`)} />
          <Item name={t("reports.source")} text={kpi.source} />
          <Item name={t("reports.better")} text={kpi.better === "" ? "" : t(`reports.better.${kpi.better}`)} />
        </dl>
      )}
    </Drawer>
  );
}

function Item({ name, text }: { name: string; text: string }) {
  if (text === "") return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}
