import { delayBefore } from "../live/backoff";
import { Calls, type Equipment } from "./calls";
import type { Election, OpenPost, Post } from "./leader";
import { OFF, type Credentials, type Phone, type PhoneSnapshot, type PhoneState, type SipLayer, type SipSession, type Why } from "./shapes";

/** Everything that the phone needs from outside; tests give it played ones. */
export interface Surroundings {
  makeLayer(): Promise<SipLayer>;
  /** Null: the centre has no phones in browsers, or not for this agent. */
  readCredentials(): Promise<Credentials | null>;
  equipment: Equipment;
  election: Election;
  openPost: OpenPost;
  after(ms: number, work: () => void): () => void;
  chance(): number;
  adaptSound(): void;
  allowSound(): void;
}

type Message =
  | { say: "state"; snapshot: PhoneSnapshot }
  | { say: "who" }
  | { say: "answer" }
  | { say: "hang-up" }
  | { say: "mute"; on: boolean }
  | { say: "devices" };

/**
 * The browser as a phone. Of several tabs one is elected and registers; the others show its state and send it what is
 * ordered there. What is lost is tried again, ever less often, until the phone is not wanted any more.
 */
export class BrowserPhone implements Phone {
  readonly #around: Surroundings;
  readonly #calls: Calls;
  readonly #listeners = new Set<() => void>();
  #snapshot: PhoneSnapshot = OFF;
  #wanted: string | null = null;
  #user: string | null = null;
  #leads = false;
  #leave: (() => void) | null = null;
  #post: Post<Message> | null = null;
  #layer: SipLayer | null = null;
  #state: PhoneState = "off";
  #why: Why | null = null;
  #soundBlocked = false;
  #tries = 0;
  #cancelTry: (() => void) | null = null;
  /** Counts starts: what belongs to an earlier one is ignored. */
  #round = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#calls = new Calls(around.equipment);
    this.#calls.onChange = () => this.#tell();
  }

  get snapshot(): PhoneSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  want(user: string | null): void {
    this.#wanted = user;
    if (user === this.#user) return;
    if (user === null && this.#calls.list.length > 0) return; // after the call
    this.#close();
    this.#user = user;
    if (user === null) return;
    this.#state = "registering";
    this.#post = this.#around.openPost<Message>(`acd-phone ${user}`, (message) => this.#hear(message));
    this.#leave = this.#around.election.stand(`acd-phone ${user}`, () => this.#won());
    this.#tell();
    this.#post.send({ say: "who" });
  }

  answer(): boolean {
    if (this.#leads) return this.#calls.answer();
    if (!this.#snapshot.calls.some((call) => call.state === "ringing")) return false;
    this.#post?.send({ say: "answer" });
    return true;
  }

  hangUp(): void {
    if (this.#leads) this.#calls.hangUp();
    else this.#post?.send({ say: "hang-up" });
  }

  mute(on: boolean): void {
    if (this.#leads) this.#calls.mute(on);
    else this.#post?.send({ say: "mute", on });
  }

  devicesChanged(): void {
    if (!this.#leads) this.#post?.send({ say: "devices" });
    else this.#adapt();
  }

  allowSound(): void {
    if (this.#soundBlocked) this.#around.allowSound();
  }

  /** The loudspeaker or the ringer is not allowed to sound, or is again. */
  soundBlocked(blocked: boolean): void {
    this.#soundBlocked = blocked;
    this.#tell();
  }

  #adapt(): void {
    this.#around.adaptSound();
    void this.#calls.changeMicrophone();
  }

  #won(): void {
    this.#leads = true;
    void this.#start();
  }

  async #start(): Promise<void> {
    const round = ++this.#round;
    const current = () => round === this.#round;
    this.#become("registering");
    let layer: SipLayer;
    let credentials: Credentials | null;
    try {
      [layer, credentials] = await Promise.all([this.#around.makeLayer(), this.#around.readCredentials()]);
    } catch {
      if (current()) this.#tryAgain("unreachable", () => void this.#start());
      return;
    }
    if (!current()) return;
    if (credentials === null) return this.#become("failed", "not-yours");
    this.#calls.iceServers = credentials.ice_servers ?? [];
    this.#layer = layer;
    layer.start(credentials, {
      registered: () => current() && this.#registered(),
      disconnected: () => current() && this.#disconnected(),
      registrationFailed: (status) => current() && this.#registrationFailed(status),
      rings: (session) => (current() ? this.#rings(session) : session.end(480)),
    });
  }

  #registered(): void {
    this.#tries = 0;
    this.#become("registered");
  }

  /** The layer comes back by itself. A call under way keeps its sound, which goes another way; one that rings is lost. */
  #disconnected(): void {
    this.#cancelTry?.();
    this.#calls.disconnected();
    this.#become("registering", "unreachable");
  }

  #registrationFailed(status: number | null): void {
    if (status === null) return this.#become("registering", "unreachable");
    if (status === 401 || status === 403 || status === 404) {
      // The password may have been changed: with a fresh one, in a new connection.
      return this.#tryAgain("refused", () => {
        this.#layer?.stop();
        void this.#start();
      });
    }
    return this.#tryAgain("server", () => this.#layer?.register());
  }

  #tryAgain(why: Why, work: () => void): void {
    this.#become("failed", why);
    this.#cancelTry?.();
    this.#cancelTry = this.#around.after(delayBefore(this.#tries, this.#around.chance()), () => {
      this.#tries += 1;
      work();
    });
  }

  #rings(session: SipSession): void {
    if (this.#wanted === null) return session.end(480);
    this.#calls.rings(session);
  }

  #hear(message: Message): void {
    if (message.say === "state" && !this.#leads) {
      this.#set({ ...message.snapshot, elsewhere: true });
    } else if (this.#leads) {
      if (message.say === "who") this.#tell();
      else if (message.say === "answer") this.#calls.answer();
      else if (message.say === "hang-up") this.#calls.hangUp();
      else if (message.say === "mute") this.#calls.mute(message.on);
      else if (message.say === "devices") this.#adapt();
    }
  }

  #become(state: PhoneState, why: Why | null = null): void {
    this.#state = state;
    this.#why = why;
    this.#tell();
  }

  #close(): void {
    this.#round += 1;
    this.#user = null;
    this.#cancelTry?.();
    this.#cancelTry = null;
    this.#tries = 0;
    this.#layer?.stop();
    this.#layer = null;
    this.#leave?.();
    this.#leave = null;
    this.#post?.close();
    this.#post = null;
    this.#leads = false;
    this.#state = "off";
    this.#why = null;
    this.#tell();
  }

  #tell(): void {
    const calls = this.#calls;
    if (this.#wanted === null && this.#user !== null && calls.list.length === 0) return this.#close();
    this.#set({
      state: this.#state,
      why: this.#why,
      elsewhere: false,
      calls: calls.list,
      muted: calls.muted,
      microphone: calls.microphone,
      soundBlocked: this.#soundBlocked,
      quality: calls.quality,
    });
    if (this.#leads) this.#post?.send({ say: "state", snapshot: this.#snapshot });
    return undefined;
  }

  #set(snapshot: PhoneSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of [...this.#listeners]) listener();
  }
}
