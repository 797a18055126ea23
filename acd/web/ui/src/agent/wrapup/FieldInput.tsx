import { Input } from "antd";

import type { DispositionField } from "../../api/me";
import { useI18n } from "../../i18n/i18n";

interface Props {
  field: DispositionField;
  value: string;
  faulty: boolean;
  onChange: (value: string) => void;
}

/** One field that goes with a disposition: a text, a number or a date. */
export function FieldInput({ field, value, faulty, onChange }: Props) {
  const { t, label } = useI18n();
  return (
    <label className="field">
      <span>
        {label(field.label)}
        {field.required && <span className="required">{t("wrap-up.required")}</span>}
      </span>
      <Input
        type={field.kind === "date" ? "date" : "text"}
        inputMode={field.kind === "number" ? "decimal" : undefined}
        value={value}
        status={faulty ? "error" : ""}
        maxLength={500}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
