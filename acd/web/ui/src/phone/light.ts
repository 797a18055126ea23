import type { Key } from "../i18n/i18n";
import type { PhoneSnapshot } from "./shapes";

/** The colour of the phone's light. */
export function toneOfPhone(snapshot: PhoneSnapshot): "fine" | "busy" | "away" | "off" {
  if (snapshot.state === "registered") return snapshot.microphone === null ? "fine" : "away";
  return snapshot.state === "off" ? "off" : snapshot.state === "failed" ? "away" : "busy";
}

/** What to say below the bar; the worst first. Short losses are only in the light. */
export function troubleOfPhone(snapshot: PhoneSnapshot): { tone: "error" | "warning"; text: Key } | null {
  if (snapshot.calls.some((call) => call.trouble !== null)) return { tone: "error", text: "phone.no-sound" };
  if (snapshot.microphone !== null) return { tone: "error", text: `phone.mic.${snapshot.microphone}` };
  if (snapshot.why === "unreachable") return { tone: "warning", text: "phone.why.unreachable" };
  if (snapshot.state === "failed") return { tone: "error", text: `phone.why.${snapshot.why ?? "server"}` };
  return null;
}
