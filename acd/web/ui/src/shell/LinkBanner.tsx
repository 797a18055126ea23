import { Alert } from "antd";
import { useEffect, useState } from "react";

import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useLink } from "../live/hooks";
import { live } from "../live/live";

/** A short cut that is over before anybody has read of it is not worth a flash on the screen. */
const GRACE_MS = 700;

/** Says so when what is on the screen may no longer be true. */
export function LinkBanner() {
  const { t } = useI18n();
  const format = useFormat();
  const link = useLink();
  const [shown, setShown] = useState<{ link: "lost" | "away"; at_s: number } | null>(null);
  useEffect(() => {
    if (link !== "lost" && link !== "away") {
      if (link === "up") setShown(null);
      return undefined;
    }
    const at_s = live.now_s();
    const timer = setTimeout(() => setShown({ link, at_s }), GRACE_MS);
    return () => clearTimeout(timer);
  }, [link]);
  return (
    <div role="status" aria-live="assertive">
      {shown && <Alert banner type={shown.link === "lost" ? "error" : "warning"} title={t(`link.${shown.link}`, { time: format.timeWithSeconds(shown.at_s) })} />}
    </div>
  );
}
