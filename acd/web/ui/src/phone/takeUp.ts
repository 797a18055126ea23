import type { PhoneSnapshot } from "./shapes";

/** What the server says of the agent, as far as it matters here. */
export interface Talk {
  /** The call that the agent talks in at the phone of this browser; null: in none. */
  call: string | null;
}

const AGAIN_MS = 2_500;
const TRIES_MAX = 5;
/** When a call ends, the phone often hears of it before the live picture says so. */
const SETTLE_MS = 3_000;

/**
 * Finds out that the server has us in a call which this browser knows nothing of: the page was loaded anew in mid-call,
 * another tab has taken over, or the sound was lost. Then the server is asked to ring us for it once more.
 */
export class TakeUp {
  #call: string | null = null;
  #tries = 0;
  #nextAt_ms = 0;
  #hadOneAt_ms = Number.NEGATIVE_INFINITY;

  /** Whether to ask now. `look again` after the answered time, if any. */
  look(snapshot: PhoneSnapshot, talk: Talk, now_ms: number): { ask: boolean; againIn_ms: number | null } {
    const rest = { ask: false, againIn_ms: null };
    const held = snapshot.calls[0];
    if (held && held.trouble === null) {
      if (!snapshot.elsewhere) this.#hadOneAt_ms = now_ms;
      this.#tries = 0;
      return rest;
    }
    if (talk.call !== this.#call) {
      this.#call = talk.call;
      this.#tries = 0;
      this.#nextAt_ms = 0;
    }
    if (talk.call === null || snapshot.state !== "registered" || snapshot.elsewhere || this.#tries >= TRIES_MAX) return rest;
    const at_ms = Math.max(this.#nextAt_ms, held ? 0 : this.#hadOneAt_ms + SETTLE_MS);
    if (now_ms < at_ms) return { ask: false, againIn_ms: at_ms - now_ms };
    this.#tries += 1;
    this.#nextAt_ms = now_ms + AGAIN_MS;
    return { ask: true, againIn_ms: AGAIN_MS };
  }
}
