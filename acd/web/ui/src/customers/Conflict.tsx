import { Alert, Button } from "antd";

import { useI18n } from "../i18n/i18n";
import type { CustomField, Details } from "../api/customers";
import { differences } from "./details";
import { usePlaceName } from "./hooks";

interface Props {
  base: Details;
  mine: Details;
  theirs: Details;
  fields: readonly CustomField[];
  busy: boolean;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
}

/** Somebody else has changed the card meanwhile: what they changed, beside what one has written oneself. */
export function Conflict({ base, mine, theirs, fields, busy, onKeepMine, onTakeTheirs }: Props) {
  const { t } = useI18n();
  const nameOf = usePlaceName(fields);
  const changed = differences(base, theirs);
  const own = new Map(differences(base, mine).map(({ place, other }) => [place, other]));
  return (
    <Alert
      type="warning"
      showIcon
      title={t("customers.conflict")}
      description={
        <>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t("customers.field")}</th>
                <th scope="col">{t("customers.was")}</th>
                <th scope="col">{t("customers.theirs")}</th>
                <th scope="col">{t("customers.mine")}</th>
              </tr>
            </thead>
            <tbody>
              {changed.map(({ place, one, other }) => (
                <tr key={place}>
                  <th scope="row">{nameOf(place)}</th>
                  <td>
                    <bdi>{one || "–"}</bdi>
                  </td>
                  <td>
                    <bdi>{other || "–"}</bdi>
                  </td>
                  <td>{own.has(place) ? <strong dir="auto">{own.get(place) || "–"}</strong> : <span className="quiet">{t("customers.untouched")}</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className="quiet">{t("customers.conflict-note")}</p>
          <div className="row">
            <Button type="primary" loading={busy} onClick={onKeepMine}>
              {t("customers.keep-mine")}
            </Button>
            <Button disabled={busy} onClick={onTakeTheirs}>
              {t("customers.take-theirs")}
            </Button>
          </div>
        </>
      }
    />
  );
}
