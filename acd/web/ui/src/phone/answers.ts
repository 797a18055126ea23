import type { Phone } from "./shapes";

/** A click is kept for this long: not for so long that it would answer a call that nobody has seen. */
export const KEPT_MS = 2_000;

/**
 * Answers the call that rings in this browser, and says whether there was one. The live picture may offer the button
 * before the phone has been told to ring: the click counts when it does.
 */
export function answers(phone: Pick<Phone, "answer" | "snapshot" | "subscribe">): Promise<boolean> {
  if (phone.answer()) return Promise.resolve(true);
  if (phone.snapshot.state !== "registered" || phone.snapshot.calls.length > 0) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (answered: boolean) => {
      clearTimeout(timer);
      leave();
      resolve(answered);
    };
    const leave = phone.subscribe(() => {
      if (phone.snapshot.calls.some((call) => call.state === "ringing")) end(phone.answer());
    });
    const timer = setTimeout(() => end(false), KEPT_MS);
  });
}
