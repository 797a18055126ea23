import { useEffect } from "react";

import { useLoaded } from "../api/hooks";
import { readFigures } from "../api/me";
import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import type { Agent } from "../live/shapes";

const AGAIN_MS = 60_000;

/** The agent's own day. Asked for again after each call, and each minute. */
export function Figures({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const format = useFormat();
  const { value, reload } = useLoaded(`${agent.calls_taken} ${agent.state === "wrap_up"}`, readFigures);
  useEffect(() => {
    const timer = setInterval(reload, AGAIN_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const shown: [string, string][] = [[t("agent.figures.calls"), format.number(agent.calls_today)]];
  if (value) shown.push([t("agent.figures.talk"), clockText(value.talking_s ?? 0)], [t("agent.figures.wrap-up"), clockText(value.wrap_up_s ?? 0)], [t("agent.figures.ready"), clockText(value.ready_s ?? 0)]);
  return (
    <dl className="figures" aria-label={t("agent.figures")}>
      {shown.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="figure">{text}</dd>
        </div>
      ))}
    </dl>
  );
}
