import { Button, Checkbox, InputNumber, Modal } from "antd";

import { useI18n } from "../i18n/i18n";
import { KINDS, USUAL, type Kind, type Threshold, type Thresholds } from "./thresholds";

interface Props {
  open: boolean;
  thresholds: Thresholds;
  onChange: (next: Thresholds) => void;
  onClose: () => void;
}

/** Where figures turn yellow and red, what raises an alarm, and what is heard. Remembered by this browser. */
export function AlarmSettings({ open, thresholds, onChange, onClose }: Props) {
  const { t } = useI18n();
  const set = (kind: Kind, change: Partial<Threshold>) => onChange({ ...thresholds, [kind]: { ...thresholds[kind], ...change } });
  const limit = (kind: Kind, which: "warn" | "alarm") => {
    const share = KINDS[kind].unit === "share";
    return (
      <InputNumber
        size="small"
        min={0}
        max={share ? 100 : 100_000}
        precision={0}
        suffix={t(`alarm.unit.${KINDS[kind].unit}`)}
        aria-label={`${t(`alarm.kind.${kind}`)}: ${t(`alarm.${which}`)}`}
        className="w-110"
        value={share ? Math.round(thresholds[kind][which] * 100) : thresholds[kind][which]}
        onChange={(value) => value !== null && set(kind, { [which]: share ? value / 100 : value })}
      />
    );
  };
  return (
    <Modal
      open={open}
      title={t("alarm.settings")}
      onCancel={onClose}
      width={720}
      footer={[
        <Button key="usual" onClick={() => onChange(USUAL)}>
          {t("alarm.usual")}
        </Button>,
        <Button key="done" type="primary" onClick={onClose}>
          {t("alarm.done")}
        </Button>,
      ]}
    >
      <p className="quiet">{t("alarm.settings-note")}</p>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t("alarm.what")}</th>
            <th scope="col">{t("alarm.warn")}</th>
            <th scope="col">{t("alarm.alarm")}</th>
            <th scope="col">{t("alarm.raised")}</th>
            <th scope="col">{t("alarm.heard")}</th>
          </tr>
        </thead>
        <tbody>
          {(Object.keys(KINDS) as Kind[]).map((kind) => (
            <tr key={kind}>
              <th scope="row">
                {t(`alarm.kind.${kind}`)} <span className="quiet">{t("below" in KINDS[kind] ? "alarm.at-most" : "alarm.at-least")}</span>
              </th>
              <td>{limit(kind, "warn")}</td>
              <td>{limit(kind, "alarm")}</td>
              <td>
                <Checkbox checked={thresholds[kind].raised} aria-label={`${t(`alarm.kind.${kind}`)}: ${t("alarm.raised")}`} onChange={(event) => set(kind, { raised: event.target.checked })} />
              </td>
              <td>
                <Checkbox checked={thresholds[kind].heard} disabled={!thresholds[kind].raised} aria-label={`${t(`alarm.kind.${kind}`)}: ${t("alarm.heard")}`} onChange={(event) => set(kind, { heard: event.target.checked })} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
