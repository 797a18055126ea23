import { useEffect } from "react";

import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent } from "../live/shapes";
import { otherSide } from "./controls";

/** Shows a notification of the system while the phone rings and the page is not seen; a click brings the page back. */
export function useRinging(agent: Agent): void {
  const { t } = useI18n();
  const call = useObject("me", "call", agent.call);
  const rings = agent.state === "ringing";
  const side = call ? otherSide(call, agent) : null;
  const who = side?.name ?? side?.number ?? t("agent.unknown-number");
  const title = t("agent.rings", { who });

  useEffect(() => {
    // Asking needs a click; the first one of the day is early enough.
    if (!("Notification" in window) || Notification.permission !== "default") return undefined;
    const ask = () => void Notification.requestPermission();
    window.addEventListener("click", ask, { once: true });
    return () => window.removeEventListener("click", ask);
  }, []);

  useEffect(() => {
    if (!rings || !document.hidden || !("Notification" in window) || Notification.permission !== "granted") return undefined;
    const notification = new Notification(title, { tag: "acd-ringing", requireInteraction: true });
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
    });
    return () => notification.close();
  }, [rings, title]);

  useEffect(() => {
    if (!rings) return undefined;
    const before = document.title;
    document.title = title;
    return () => {
      document.title = before;
    };
  }, [rings, title]);
}
