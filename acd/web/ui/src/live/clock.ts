/**
 * The server's clock as seen from here. Each message says the server's time when it left; it arrives later, never
 * earlier, so that of several samples the one with the greatest difference was the least delayed.
 */
export class ServerClock {
  readonly #kept: number;
  #samples: number[] = [];
  #offset_s = 0;

  constructor(kept = 12) {
    this.#kept = kept;
  }

  /** server time minus ours, in seconds */
  get offset_s(): number {
    return this.#offset_s;
  }

  /** `now_s` of the server arrived when our clock showed `local_ms`. */
  sample(now_s: number, local_ms: number): void {
    const difference_s = now_s - local_ms / 1000;
    // Somebody set a clock: what was known is worth nothing.
    if (Math.abs(difference_s - this.#offset_s) > 5) this.#samples = [];
    this.#samples = [...this.#samples, difference_s].slice(-this.#kept);
    this.#offset_s = Math.max(...this.#samples);
  }

  /** The server's time, in seconds, when our clock shows `local_ms`. */
  now_s(local_ms: number): number {
    return local_ms / 1000 + this.#offset_s;
  }
}
