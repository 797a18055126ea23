/** What a page knows of the browser as a phone. */

export type PhoneState = "off" | "registering" | "registered" | "failed";

/** Why the phone does not work: what a person can do about each is in the texts `phone.why.*`. */
export type Why = "not-yours" | "refused" | "unreachable" | "server";

/** Why there is no microphone; texts `phone.mic.*`. */
export type MicTrouble = "denied" | "none" | "busy" | "insecure" | "failed";

export type CallState = "ringing" | "connecting" | "talking";

export interface PhoneCall {
  id: string;
  state: CallState;
  number: string | null;
  name: string | null;
  /** Nothing is heard, and why. */
  trouble: null | "no-sound";
}

export type Grade = "good" | "fair" | "poor";

/** How the connection was over the last seconds. Times in milliseconds, losses as shares of 1. */
export interface Quality {
  grade: Grade;
  /** Estimate of the mean opinion score, 1 to 4.5. */
  mos: number;
  lossIn: number;
  lossOut: number;
  jitter_ms: number;
  roundTrip_ms: number | null;
}

export interface PhoneSnapshot {
  state: PhoneState;
  why: Why | null;
  /** Another tab of this browser is the phone; what is ordered here is done there. */
  elsewhere: boolean;
  calls: readonly PhoneCall[];
  /** The others do not hear us: the microphone is off, here in the browser. */
  muted: boolean;
  microphone: MicTrouble | null;
  /** The browser lets us make no sound before somebody has clicked into the page. */
  soundBlocked: boolean;
  quality: Quality | null;
}

export const OFF: PhoneSnapshot = {
  state: "off",
  why: null,
  elsewhere: false,
  calls: [],
  muted: false,
  microphone: null,
  soundBlocked: false,
  quality: null,
};

/** The browser as a phone. Orders may be given in any tab. */
export interface Phone {
  readonly snapshot: PhoneSnapshot;
  subscribe(listener: () => void): () => void;
  /** Be the phone of this user name from now on; null: of nobody. */
  want(user: string | null): void;
  /** Answers the call that rings; false where none does. */
  answer(): boolean;
  /** Ends the call that there is, or refuses it. */
  hangUp(): void;
  mute(on: boolean): void;
  /** The devices or the volume were chosen anew. */
  devicesChanged(): void;
  /** Somebody has clicked: sound is allowed from now on. */
  allowSound(): void;
}

/** What the server gives us to register with. */
export interface Credentials {
  uri: string;
  user: string;
  password: string;
  /** Path of the WebSocket on our own host. */
  ws: string;
  ice_servers?: RTCIceServer[];
}

/** The SIP stack, as far as the phone needs it; `jssip.ts` is the real one. */
export interface SipLayer {
  start(credentials: Credentials, listener: SipListener): void;
  /** Registers again over the connection that there is. */
  register(): void;
  /** Unregisters and closes everything. */
  stop(): void;
}

export interface SipListener {
  registered(): void;
  /** The connection is lost; the layer tries again by itself. */
  disconnected(): void;
  /** `status` of SIP; null where no answer came. */
  registrationFailed(status: number | null): void;
  rings(session: SipSession): void;
}

export interface SipSession {
  readonly id: string;
  readonly number: string | null;
  readonly name: string | null;
  /** The server wants it answered without a click: the agent has asked for this call. */
  readonly automatic: boolean;
  listener: SessionListener | null;
  answer(microphone: MediaStream, iceServers: RTCIceServer[]): void;
  /** Ends it: with this status where it still rings. */
  end(status: number): void;
  mute(on: boolean): void;
  replaceMicrophone(track: MediaStreamTrack): void;
  stats(): Promise<RTCStatsReport> | null;
  /** Closes what is ours without a word to the other side: the call goes on without us. */
  abandon(): void;
}

export interface SessionListener {
  confirmed(): void;
  sound(stream: MediaStream): void;
  /** No way for sound was found, or the one that there was is lost. */
  soundLost(): void;
  soundFound(): void;
  ended(): void;
}
