import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent, AgentState } from "../live/shapes";

/** The state by colour, by shape and by word. */
export function StateMark({ state }: { state: AgentState }) {
  const { t } = useI18n();
  return (
    <span className="state">
      <span className={`state-dot state-${state}`} aria-hidden="true" />
      {t(`board.state.${state}`)}
    </span>
  );
}

export function AgentStateText({ agent }: { agent: Agent }) {
  const { t, label, known } = useI18n();
  const reasons = useObject("wallboard", "centre")?.reasons;
  const reason = reasons?.find(({ id }) => id === agent.reason)?.label ?? agent.reason_label;
  const next = agent.pending?.split(":")[0];
  const more = [
    agent.state === "not_ready" ? label(reason) || agent.reason : null,
    agent.state === "ready" && agent.occupied ? t("board.occupied") : null,
    !agent.phone_reachable && agent.state !== "logged_out" ? t("board.unreachable") : null,
    next ? t("board.then", { state: known(`board.state.${next}`) ?? (label(reasons?.find(({ id }) => id === next)?.label) || next) }) : null,
  ].filter(Boolean);
  return (
    <span className="cut" title={more.join(", ")}>
      <StateMark state={agent.state} />
      {more.length > 0 && <span className="quiet"> · {more.join(" · ")}</span>}
    </span>
  );
}
