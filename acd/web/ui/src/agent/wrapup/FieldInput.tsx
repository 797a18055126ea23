import { Input, Select } from "antd";

import type { DispositionField } from "../../api/me";
import { useI18n } from "../../i18n/i18n";

interface Props {
  field: DispositionField;
  value: string;
  faulty: boolean;
  onChange: (value: string) => void;
}

/** One field that goes with a disposition. */
export function FieldInput({ field, value, faulty, onChange }: Props) {
  const { t, label } = useI18n();
  const status = faulty ? "error" : "";
  const name = label(field.label);
  const choices =
    field.kind === "yes_no"
      ? [{ value: "yes", label: t("wrap-up.yes") }, { value: "no", label: t("wrap-up.no") }]
      : (field.choices ?? []).map((choice) => ({ value: choice.value, label: label(choice.label) }));
  return (
    <label className="field">
      <span>
        {name}
        {field.required && <span className="required">{t("wrap-up.required")}</span>}
      </span>
      {field.kind === "choice" || field.kind === "yes_no" ? (
        <Select className="full" allowClear aria-label={name} value={value || null} status={status} options={choices} onChange={(chosen) => onChange(chosen ?? "")} />
      ) : (
        <Input value={value} status={status} maxLength={500} inputMode={field.kind === "number" ? "decimal" : "text"} onChange={(event) => onChange(event.target.value)} />
      )}
    </label>
  );
}
