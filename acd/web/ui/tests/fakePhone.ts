import type { Equipment } from "../src/phone/calls";
import { NoMicrophone } from "../src/phone/devices";
import type { Election, OpenPost } from "../src/phone/leader";
import { BrowserPhone } from "../src/phone/phone";
import type { Credentials, MicTrouble, SessionListener, SipLayer, SipListener, SipSession } from "../src/phone/shapes";

/** A SIP stack that does nothing by itself; tests play the server. */
export class FakeLayer implements SipLayer {
  listener: SipListener | null = null;
  credentials: Credentials | null = null;
  registers = 0;
  stopped = false;

  start(credentials: Credentials, listener: SipListener): void {
    this.credentials = credentials;
    this.listener = listener;
  }

  register(): void {
    this.registers += 1;
  }

  stop(): void {
    this.stopped = true;
  }
}

export class FakeSession implements SipSession {
  listener: SessionListener | null = null;
  answered: MediaStream | null = null;
  refused: number | null = null;
  muted = false;
  abandoned = false;
  microphone: unknown = null;

  constructor(
    readonly id: string,
    readonly automatic = false,
    readonly number: string | null = "+491701",
    readonly name: string | null = null,
  ) {}

  answer(microphone: MediaStream): void {
    this.answered = microphone;
  }

  end(status: number): void {
    this.refused = status;
    this.listener?.ended();
  }

  mute(on: boolean): void {
    this.muted = on;
  }

  replaceMicrophone(track: MediaStreamTrack): void {
    this.microphone = track;
  }

  stats(): null {
    return null;
  }

  abandon(): void {
    this.abandoned = true;
    this.listener = null;
  }
}

class FakeTrack {
  stopped = false;
  enabled = true;
  addEventListener(): void {}
  stop(): void {
    this.stopped = true;
  }
}

export class FakeStream {
  readonly track = new FakeTrack();
  getTracks = () => [this.track];
  getAudioTracks = () => [this.track];
}

/** The tabs of one browser: one lock, one channel. */
export class Browser {
  readonly #line: { won: () => void; tab: object }[] = [];
  readonly #channels = new Set<(message: unknown, from: object) => void>();

  election(): Election {
    return {
      stand: (_name, won) => {
        const place = { won, tab: {} };
        this.#line.push(place);
        if (this.#line.length === 1) won();
        return () => {
          const at = this.#line.indexOf(place);
          this.#line.splice(at, 1);
          if (at === 0) this.#line[0]?.won();
        };
      },
    };
  }

  readonly openPost: OpenPost = <Message>(_name: string, take: (message: Message) => void) => {
    const tab = {};
    const hear = (message: unknown, from: object) => from !== tab && take(structuredClone(message) as Message);
    this.#channels.add(hear);
    return {
      send: (message: Message) => [...this.#channels].forEach((channel) => channel(message, tab)),
      close: () => void this.#channels.delete(hear),
    };
  };
}

export const CREDENTIALS: Credentials = { uri: "sip:w1001@127.0.0.1", user: "w1001", password: "secret", ws: "/sip" };

/** A tab: the phone and everything around it. */
export class Tab {
  layers: FakeLayer[] = [];
  streams: FakeStream[] = [];
  timers: { ms: number; work: () => void }[] = [];
  ringing = false;
  playing: unknown = null;
  adapted = 0;
  credentials: () => Promise<Credentials | null> = () => Promise.resolve(CREDENTIALS);
  trouble: MicTrouble | null = null;
  readonly phone: BrowserPhone;

  constructor(browser = new Browser()) {
    const equipment: Equipment = {
      openMicrophone: () => {
        if (this.trouble) return Promise.reject(new NoMicrophone(this.trouble));
        const stream = new FakeStream();
        this.streams.push(stream);
        return Promise.resolve(stream as unknown as MediaStream);
      },
      speaker: { play: (stream) => Promise.resolve(void (this.playing = stream)), stop: () => void (this.playing = null) },
      ringer: { start: () => Promise.resolve(void (this.ringing = true)), stop: () => void (this.ringing = false) },
      every: () => () => {},
    };
    this.phone = new BrowserPhone({
      makeLayer: () => {
        const layer = new FakeLayer();
        this.layers.push(layer);
        return Promise.resolve(layer);
      },
      readCredentials: () => this.credentials(),
      equipment,
      election: browser.election(),
      openPost: browser.openPost,
      after: (ms, work) => {
        const timer = { ms, work };
        this.timers.push(timer);
        return () => void (this.timers = this.timers.filter((one) => one !== timer));
      },
      chance: () => 1,
      adaptSound: () => void (this.adapted += 1),
      allowSound: () => {},
    });
  }

  get layer(): FakeLayer {
    return this.layers.at(-1)!;
  }

  get server(): SipListener {
    return this.layer.listener!;
  }

  /** What waits for the clock is done now. */
  async wait(): Promise<void> {
    const due = this.timers;
    this.timers = [];
    for (const timer of due) timer.work();
    await settled();
  }

  /** Registered as w1001. */
  async up(): Promise<this> {
    this.phone.want("w1001");
    await settled();
    this.server.registered();
    return this;
  }

  ring(automatic = false, id = "one"): FakeSession {
    const session = new FakeSession(id, automatic);
    this.server.rings(session);
    return session;
  }
}

/** Promises that have been kept are followed. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
