import { useCallback, useMemo } from "react";

import { labelText, useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent } from "../live/shapes";

export interface Reasons {
  /** Those that a person may choose, in the order of the configuration. */
  selectable: { id: string; text: string }[];
  /** A reason's name in the language of the page. */
  text: (id: string) => string;
  /** The same by its English name in small letters, as the routing's lines have it. */
  ofEnglish: (name: string) => string;
}

export function useReasons(): Reasons {
  const { label, language } = useI18n();
  const reasons = useObject("me", "centre")?.reasons;
  return useMemo(() => {
    const texts = new Map((reasons ?? []).map((reason) => [reason.id, label(reason.label)]));
    const ofEnglish = new Map((reasons ?? []).map((reason) => [labelText(reason.label, "en").toLowerCase(), label(reason.label)]));
    return {
      selectable: (reasons ?? []).filter((reason) => reason.selectable).map((reason) => ({ id: reason.id, text: texts.get(reason.id) || reason.id })),
      text: (id) => texts.get(id) || id,
      ofEnglish: (name) => (language === "en" ? name : ofEnglish.get(name) || texts.get(name) || name),
    };
    // `label` is made anew with each language only in what it answers
  }, [reasons, label, language]);
}

/** What to call an agent's state, with what explains it. */
export function useStateText(): (agent: Agent) => string {
  const { t } = useI18n();
  const reasons = useReasons();
  return useCallback(
    (agent) => {
      if (agent.state === "not_ready" && agent.reason !== null) return `${t("agent.state.not_ready")} · ${reasons.text(agent.reason)}`;
      if (agent.state === "ready" && agent.occupied) return t(`agent.occupied.${agent.occupied}`);
      if (agent.state === "ready" && !agent.phone_reachable) return t("agent.occupied.unreachable");
      return t(`agent.state.${agent.state}`);
    },
    [t, reasons],
  );
}
