import { RightOutlined } from "@ant-design/icons";

import type { Pop } from "../../api/me";
import { useNames } from "../../api/names";
import { reasonText } from "../../calls/reasons";
import { useTold } from "../../calls/useTold";
import { clockText } from "../../format/format";
import { useI18n } from "../../i18n/i18n";
import { Facts } from "./Facts";
import { stationText } from "./way";

/** Why the call is here: what was dialled, the way through the menus, what was keyed and found, how long it took. */
export function Why({ why }: { why: Pop["why"] }) {
  const { t } = useI18n();
  const told = useTold(useNames());
  const rows: [string, string][] = [
    [t("pop.dialed"), [why.number_name, why.dialed].filter(Boolean).join(" · ")],
    [t("pop.transferred-from"), why.transferred_from ? told.agent(why.transferred_from) : ""],
    [t("pop.waited"), why.waited_s === null ? "" : clockText(why.waited_s)],
    [t("pop.reason"), why.reason.map((line) => reasonText(line, told)).join("; ")],
    [t("pop.lookups"), why.lookups.join("; ")],
  ];
  const found = Object.entries(why.collected).map(([name, value]): [string, string] => [name, String(value)]);
  return (
    <section className="card" aria-labelledby="pop-why">
      <h2 id="pop-why" className="card-title">
        {t("pop.why")}
      </h2>
      {why.path.length > 0 && (
        <ol className="path" aria-label={t("pop.path")}>
          {why.path.map((step, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- the past does not change
            <li key={index}>
              {index > 0 && <RightOutlined aria-hidden />}
              <bdi>{stationText(step, told)}</bdi>
            </li>
          ))}
        </ol>
      )}
      <Facts rows={[...rows.filter(([, value]) => value !== ""), ...found]} />
    </section>
  );
}
