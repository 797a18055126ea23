import { useCallback } from "react";

import { useI18n } from "../i18n/i18n";
import type { CustomField } from "../api/customers";

/** What people call a place of a card: `numbers`, `fields.contract`. */
export function usePlaceName(fields: readonly CustomField[]): (place: string) => string {
  const { known, label } = useI18n();
  return useCallback(
    (place) => {
      const field = fields.find(({ id }) => place === `fields.${id}`);
      return field ? label(field.label) || field.id : (known(`customers.${place}`) ?? place.replace(/^fields\./, ""));
    },
    [fields, known, label],
  );
}
