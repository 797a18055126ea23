import { useMemo } from "react";

import { useReasons } from "../agent/reasons";
import { useI18n } from "../i18n/i18n";
import type { Named, Told } from "../i18n/said";

/** What the server's lines are put into words with: the catalogue, and these names. */
export function useTold({ agent, group }: Named): Told {
  const { t, known } = useI18n();
  const reason = useReasons().ofEnglish;
  return useMemo(() => ({ t, known, agent, group, reason }), [t, known, agent, group, reason]);
}
