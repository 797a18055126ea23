import type { Phone } from "./shapes";

/** A click is kept for this long: not for so long that it would answer a call that nobody has seen. */
export const KEPT_MS = 2_000;
/** The picture of which call rings may be so far behind the ring itself. */
export const BEHIND_MS = 100;

/**
 * Answers the call that rings in this browser, and says whether there was one. The live picture may offer the button
 * before the phone has been told to ring: the click counts when it does. Only for a call that is the agent's still
 * (`isOffered`): what rings may be the next one.
 */
export function answers(phone: Pick<Phone, "answer" | "snapshot" | "subscribe">, isOffered: () => boolean): Promise<boolean> {
  if (isOffered() && phone.answer()) return Promise.resolve(true);
  if (phone.snapshot.state !== "registered" || phone.snapshot.calls.length > 0) return Promise.resolve(false);
  return new Promise((resolve) => {
    let looking: ReturnType<typeof setTimeout> | undefined;
    const end = (answered: boolean) => {
      clearTimeout(timer);
      clearTimeout(looking);
      leave();
      resolve(answered);
    };
    const leave = phone.subscribe(() => {
      if (phone.snapshot.calls.some((call) => call.state === "ringing")) looking ??= setTimeout(() => end(isOffered() && phone.answer()), BEHIND_MS);
    });
    const timer = setTimeout(() => end(false), KEPT_MS);
  });
}
