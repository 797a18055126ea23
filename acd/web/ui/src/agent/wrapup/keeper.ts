import type { Draft } from "./draft";

const KEEP_AFTER_MS = 800;

/**
 * Gives what is written to the server, soon after each change and one request after the other: an older text never comes
 * after a newer one, and nothing comes after `quiet`, when the result has been sent and the server has forgotten the draft.
 */
export class DraftKeeper {
  readonly #put: (draft: Draft) => Promise<unknown>;
  readonly #told: (kept: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next: Draft | null = null;
  #onItsWay: Promise<void> | null = null;
  #quiet = false;

  /** `told` hears whether the server has the newest text. */
  constructor(put: (draft: Draft) => Promise<unknown>, told: (kept: boolean) => void) {
    this.#put = put;
    this.#told = told;
  }

  get isQuiet(): boolean {
    return this.#quiet;
  }

  later(draft: Draft): void {
    this.#next = draft;
    if (this.#quiet) return;
    this.#told(false);
    this.#stop();
    this.#timer = setTimeout(() => this.#send(), KEEP_AFTER_MS);
  }

  /** Nothing is sent from here on; fulfilled when nothing is on its way any more. */
  async quiet(): Promise<void> {
    this.#quiet = true;
    this.#stop();
    await this.#onItsWay;
  }

  /** Fulfilled when nothing is on its way. */
  get settled(): Promise<void> {
    return this.#onItsWay ?? Promise.resolve();
  }

  /** Goes on after `quiet`, as the result could not be sent. */
  resume(): void {
    this.#quiet = false;
    if (this.#next) this.later(this.#next);
  }

  /** What has not been sent yet leaves now. */
  flush(): void {
    this.#stop();
    this.#send();
  }

  #stop(): void {
    clearTimeout(this.#timer);
  }

  #send(): void {
    const draft = this.#next;
    // Whoever is on the way begins the next one.
    if (this.#onItsWay || draft === null || this.#quiet) return;
    this.#next = null;
    this.#onItsWay = this.#put(draft).then(
      () => this.#arrived(true),
      () => this.#arrived(false),
    );
  }

  #arrived(kept: boolean): void {
    this.#onItsWay = null;
    if (this.#next === null) this.#told(kept);
    else this.#send();
  }
}
