import { useMemo } from "react";

import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import { makeFormat, type Format } from "./format";

/** Times are those of the centre, whose reports and opening hours use them, wherever this browser is. */
export function useFormat(): Format {
  const { language } = useI18n();
  const timezone = useObject("me", "centre")?.timezone;
  return useMemo(() => makeFormat(language, timezone), [language, timezone]);
}
