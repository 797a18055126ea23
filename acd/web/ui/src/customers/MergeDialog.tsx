import { Alert, Modal, Select } from "antd";
import { useState } from "react";

import { useLoaded } from "../api/hooks";
import { useI18n } from "../i18n/i18n";
import { useDo } from "../api/useDo";
import { findCustomers, mergeCards, readCard, type Card, type CustomField, type Details } from "../api/customers";
import { detailsOf, differences, EMPTY, merged, titleOf } from "./details";
import { usePlaceName } from "./hooks";

interface Props {
  card: Card;
  fields: readonly CustomField[];
  onClose: () => void;
  onMerged: (card: Card) => void;
}

/** Two cards of one customer, side by side, and what becomes of them. */
export function MergeDialog({ card, fields, onClose, onMerged }: Props) {
  const { t } = useI18n();
  const act = useDo();
  const [sought, setSought] = useState(card.name);
  const [chosen, setChosen] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const found = useLoaded(`merge ${sought}`, (signal) => findCustomers(sought.trim(), signal));
  const other = useLoaded(chosen === null ? null : `card ${chosen}`, (signal) => readCard(chosen!, signal)).value;
  const merge = async () => {
    if (!other) return;
    setBusy(true);
    let result: Card | undefined;
    await act(async () => {
      result = await mergeCards(card.id, other.id);
    }, t("customers.merged"));
    setBusy(false);
    if (result) {
      onClose();
      onMerged(result);
    }
  };
  return (
    <Modal open title={t("customers.merge")} width={860} okText={t("customers.merge-do")} okButtonProps={{ disabled: !other, danger: true }} confirmLoading={busy} onOk={() => void merge()} onCancel={onClose}>
      <p className="quiet">{t("customers.merge-note")}</p>
      <Select
        className="wide"
        showSearch={{ filterOption: false, onSearch: setSought }}
        placeholder={t("customers.merge-choose")}
        aria-label={t("customers.merge-choose")}
        value={chosen}
        onChange={setChosen}
        options={(found.value?.customers ?? []).filter(({ id }) => id !== card.id).map((one) => ({ value: one.id, label: [titleOf(one), one.company, one.numbers[0]].filter(Boolean).join(" · ") }))}
      />
      {other && <SideBySide kept={detailsOf(card)} other={detailsOf(other)} fields={fields} />}
      {other && <Alert type="info" showIcon title={t("customers.merge-past")} />}
    </Modal>
  );
}

function SideBySide({ kept, other, fields }: { kept: Details; other: Details; fields: readonly CustomField[] }) {
  const { t } = useI18n();
  const nameOf = usePlaceName(fields);
  const result = new Map(differences(EMPTY, merged(kept, other)).map((found) => [found.place, found.other]));
  const left = new Map(differences(EMPTY, kept).map((found) => [found.place, found.other]));
  const right = new Map(differences(EMPTY, other).map((found) => [found.place, found.other]));
  return (
    <table className="plain-table merge">
      <thead>
        <tr>
          <th scope="col">{t("customers.field")}</th>
          <th scope="col">{t("customers.this-card")}</th>
          <th scope="col">{t("customers.other-card")}</th>
          <th scope="col">{t("customers.result")}</th>
        </tr>
      </thead>
      <tbody>
        {[...result].map(([place, text]) => (
          <tr key={place}>
            <th scope="row">{nameOf(place)}</th>
            {[left.get(place), right.get(place)].map((one, side) => (
              // oxlint-disable-next-line react/no-array-index-key -- two sides, always the same
              <td key={side} className={one !== undefined && text.includes(one) ? "" : "quiet"}>
                <bdi>{one ?? "–"}</bdi>
              </td>
            ))}
            <td>
              <strong dir="auto">{text}</strong>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
