import { NoMicrophone } from "./devices";
import { QualityMeter, sampleOf } from "./quality";
import type { MicTrouble, PhoneCall, Quality, SipSession } from "./shapes";

/** What the calls need of the machine. */
export interface Equipment {
  openMicrophone(): Promise<MediaStream>;
  speaker: { play(stream: MediaStream): Promise<void>; stop(): void };
  ringer: { start(): Promise<void>; stop(): void };
  /** `setInterval` and its end. */
  every(ms: number, work: () => void): () => void;
}

interface Held {
  session: SipSession;
  call: PhoneCall;
}

/** The calls of the phone of this tab: rings, answers, sound. The server allows one at a time; a second one is refused. */
export class Calls {
  onChange: () => void = () => {};
  muted = false;
  microphone: MicTrouble | null = null;
  quality: Quality | null = null;
  iceServers: RTCIceServer[] = [];
  readonly #equipment: Equipment;
  #held: Held | null = null;
  #stream: MediaStream | null = null;
  #stopMeter: (() => void) | null = null;

  constructor(equipment: Equipment) {
    this.#equipment = equipment;
  }

  get list(): readonly PhoneCall[] {
    return this.#held ? [this.#held.call] : [];
  }

  rings(session: SipSession): void {
    if (this.#held && this.#held.call.trouble === null) {
      session.end(486);
      return;
    }
    // The server has made a new way to us for a call whose sound was lost.
    if (this.#held) this.#drop();
    const { id, number, name } = session;
    this.#held = { session, call: { id, state: "ringing", number, name, trouble: null } };
    session.listener = {
      confirmed: () => this.#change(id, { state: "talking" }),
      sound: (stream) => void this.#equipment.speaker.play(stream),
      soundLost: () => this.#change(id, { trouble: "no-sound" }),
      soundFound: () => this.#change(id, { trouble: null }),
      ended: () => this.#ended(id),
    };
    if (session.automatic) void this.#answer();
    else void this.#equipment.ringer.start();
    this.onChange();
  }

  /** False where nothing rings. */
  answer(): boolean {
    if (this.#held?.call.state !== "ringing") return false;
    void this.#answer();
    return true;
  }

  hangUp(): void {
    this.#held?.session.end(603);
  }

  /** The server takes a phone whose connection is lost for gone, and offers the call to somebody else. */
  disconnected(): void {
    if (this.#held?.call.state !== "ringing") return;
    const { session, call } = this.#held;
    session.end(480);
    this.#ended(call.id);
  }

  mute(on: boolean): void {
    this.muted = on;
    if (this.#held && this.#held.call.state !== "ringing") this.#held.session.mute(on);
    this.onChange();
  }

  /** Another microphone was chosen, or the one in use was unplugged. */
  async changeMicrophone(): Promise<void> {
    if (!this.#stream) return;
    const stream = await this.#open();
    const track = stream?.getAudioTracks()[0];
    if (!stream || !track) return;
    if (!this.#held) return release(stream);
    track.enabled = !this.muted;
    this.#held.session.replaceMicrophone(track);
    release(this.#stream);
    this.#keep(stream);
  }

  async #answer(): Promise<void> {
    const held = this.#held;
    if (!held || held.call.state !== "ringing") return;
    this.#equipment.ringer.stop();
    this.#change(held.call.id, { state: "connecting" });
    const stream = await this.#open();
    if (this.#held !== held) return stream ? release(stream) : undefined;
    if (!stream) {
      // The call goes back into line at once, and not after it has rung out; the page says why.
      held.session.end(480);
      return undefined;
    }
    this.#keep(stream);
    held.session.answer(stream, this.iceServers);
    if (this.muted) held.session.mute(true);
    this.#measure(held);
    return undefined;
  }

  async #open(): Promise<MediaStream | null> {
    try {
      const stream = await this.#equipment.openMicrophone();
      this.microphone = null;
      this.onChange();
      return stream;
    } catch (fault) {
      this.microphone = fault instanceof NoMicrophone ? fault.trouble : "failed";
      this.onChange();
      return null;
    }
  }

  #keep(stream: MediaStream): void {
    this.#stream = stream;
    stream.getAudioTracks()[0]?.addEventListener("ended", () => void this.changeMicrophone());
  }

  #measure(held: Held): void {
    const meter = new QualityMeter();
    this.#stopMeter = this.#equipment.every(QualityMeter.EVERY_MS, () => {
      void held.session.stats()?.then((report) => {
        const quality = meter.take(sampleOf(report.entries() as Iterable<[string, Record<string, unknown>]>));
        if (this.#held !== held || !quality) return;
        this.quality = quality;
        this.onChange();
      });
    });
  }

  #change(id: string, change: Partial<PhoneCall>): void {
    if (this.#held?.call.id !== id) return;
    this.#held.call = { ...this.#held.call, ...change };
    this.onChange();
  }

  #ended(id: string): void {
    if (this.#held?.call.id !== id) return;
    this.#release();
    this.muted = false;
    this.onChange();
  }

  /** What is ours of a call without sound; the microphone stays as it was, on or off. */
  #drop(): void {
    this.#held?.session.abandon();
    this.#release();
  }

  #release(): void {
    this.#held = null;
    this.#equipment.ringer.stop();
    this.#equipment.speaker.stop();
    this.#stopMeter?.();
    this.#stopMeter = null;
    this.quality = null;
    if (this.#stream) release(this.#stream);
    this.#stream = null;
  }
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
