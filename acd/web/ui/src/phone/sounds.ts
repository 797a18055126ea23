import { chosenVolume, sendTo } from "./devices";

/** What the other side says, at the chosen loudspeaker. Answers whether the browser lets us sound. */
export class Speaker {
  readonly #element = new Audio();
  onBlocked: (blocked: boolean) => void = () => {};

  constructor() {
    this.#element.autoplay = true;
  }

  async play(stream: MediaStream): Promise<void> {
    this.#element.srcObject = stream;
    await this.adapt();
    await this.again();
  }

  stop(): void {
    this.#element.srcObject = null;
  }

  async adapt(): Promise<void> {
    this.#element.volume = chosenVolume("speaker");
    await sendTo(this.#element, "speaker");
  }

  /** After a click: what the browser had refused before is allowed now. */
  async again(): Promise<void> {
    if (!this.#element.srcObject) return;
    try {
      await this.#element.play();
      this.onBlocked(false);
    } catch (fault) {
      if (fault instanceof DOMException && fault.name === "NotAllowedError") this.onBlocked(true);
    }
  }
}

const RING_S = 1.2;
const PAUSE_S = 2.8;
const TONES_HZ = [440, 480];
const LEVEL = 0.2;

/** The ring tone, made here; it sounds at a device of its own, so that it is heard when the headset lies on the desk. */
export class Ringer {
  readonly #element = new Audio();
  #context: AudioContext | null = null;
  #source: AudioBufferSourceNode | null = null;
  onBlocked: (blocked: boolean) => void = () => {};

  /** Rings until `stop`; one loop in the sound card, as timers of hidden tabs are late. */
  async start(): Promise<void> {
    if (this.#source) return;
    const context = (this.#context ??= new AudioContext());
    const output = context.createMediaStreamDestination();
    const source = context.createBufferSource();
    source.buffer = ringTone(context);
    source.loop = true;
    source.connect(output);
    source.start();
    this.#source = source;
    this.#element.srcObject = output.stream;
    await this.adapt();
    await this.again();
  }

  stop(): void {
    this.#source?.stop();
    this.#source?.disconnect();
    this.#source = null;
    this.#element.srcObject = null;
  }

  async adapt(): Promise<void> {
    this.#element.volume = chosenVolume("ringer");
    await sendTo(this.#element, "ringer");
  }

  async again(): Promise<void> {
    if (!this.#source) return;
    try {
      void this.#context?.resume();
      await this.#element.play();
      this.onBlocked(this.#context?.state === "suspended" && !navigator.userActivation?.hasBeenActive);
    } catch (fault) {
      if (fault instanceof DOMException && fault.name === "NotAllowedError") this.onBlocked(true);
    }
  }
}

/** One ring and the pause after it. */
function ringTone(context: AudioContext): AudioBuffer {
  const rate = context.sampleRate;
  const buffer = context.createBuffer(1, Math.round((RING_S + PAUSE_S) * rate), rate);
  const samples = buffer.getChannelData(0);
  const length = RING_S * rate;
  for (let at = 0; at < length; at += 1) {
    const second = at / rate;
    // Soft beginning and end, and the flutter of a bell.
    const shape = Math.min(1, second / 0.02, (RING_S - second) / 0.08) * (0.75 + 0.25 * Math.sin(2 * Math.PI * 18 * second));
    for (const tone of TONES_HZ) samples[at]! += LEVEL * shape * Math.sin(2 * Math.PI * tone * second);
  }
  return buffer;
}
