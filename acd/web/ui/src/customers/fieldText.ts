import { MASK, type CustomField, type FieldValue } from "../api/customers";
import type { Format } from "../format/format";
import type { I18n } from "../i18n/i18n";

/** What a field of the centre's own is called; by its id where the configuration no longer knows it. */
export const fieldName = (id: string, field: CustomField | undefined, { label }: Pick<I18n, "label">): string => label(field?.label) || id;

/** A value of such a field as people read it. */
export function fieldText(value: FieldValue, field: CustomField | undefined, { t, label }: Pick<I18n, "t" | "label">, format: Pick<Format, "number" | "date">): string {
  if (typeof value === "boolean") return t(value ? "customers.yes" : "customers.no");
  if (typeof value === "number") return format.number(value);
  if (value === MASK) return value;
  if (field?.type === "choice") return label(field.choices.find((one) => one.value === value)?.label) || value;
  // At noon it is the same day in the time zone of the centre.
  const at_ms = field?.type === "date" ? Date.parse(`${value}T12:00:00Z`) : Number.NaN;
  return Number.isNaN(at_ms) ? value : format.date(at_ms / 1000);
}
