import { remember, remembered } from "../../shell/taste";
import { isEmpty, readDraftText, type Draft } from "./draft";
import type { DraftKeeper } from "./keeper";

/** Under which name this browser keeps the draft of a call. */
export const draftName = (call: string): string => `draft.${call}`;

interface Storage {
  get: (name: string) => string | null;
  set: (name: string, value: string | null) => void;
}

/**
 * Sees to it that nothing written about a call is left behind when its wrap-up ends by itself. One thing is sent about a
 * call at a time, and never before what is on its way to the draft has arrived: that would bring the draft back.
 */
export class Unsent {
  readonly #storage: Storage;
  readonly #keepers = new Map<string, DraftKeeper>();
  readonly #sending = new Set<string>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The page shows the draft of `call` until the answer is called. */
  open(call: string, keeper: DraftKeeper): () => void {
    this.#keepers.set(call, keeper);
    return () => {
      keeper.flush();
      void keeper.settled.then(() => this.#keepers.get(call) === keeper && this.#keepers.delete(call));
    };
  }

  /** Sends the result by `send`; from then on nothing is kept any more, unless it fails. */
  async finish(call: string, keeper: DraftKeeper, send: () => Promise<unknown>): Promise<void> {
    this.#sending.add(call);
    try {
      await keeper.quiet();
      await send();
      this.forget(call);
    } catch (fault) {
      keeper.resume();
      throw fault;
    } finally {
      this.#sending.delete(call);
    }
  }

  /** The wrap-up of `call` is over: what this browser has of it is sent, unless that is under way. Answers whether it was. */
  async left(call: string, send: (draft: Draft) => Promise<unknown>): Promise<boolean> {
    const text = this.#storage.get(draftName(call));
    const draft = readDraftText(text);
    if (draft === null || isEmpty(draft) || this.#sending.has(call)) return false;
    this.#sending.add(call);
    try {
      await this.#keepers.get(call)?.quiet();
      await send(draft);
      if (this.#storage.get(draftName(call)) === text) this.forget(call);
      return true;
    } finally {
      this.#sending.delete(call);
    }
  }

  /** It was sent, or is not wanted any more. */
  forget(call: string): void {
    this.#storage.set(draftName(call), null);
  }
}

export const unsent = new Unsent({ get: remembered, set: remember });
