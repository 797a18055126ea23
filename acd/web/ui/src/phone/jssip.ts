import { debug, UA, WebSocketInterface } from "jssip";
import type { IncomingRequest } from "jssip/lib/SIPMessage";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { RTCSessionEvent } from "jssip/lib/UA";

import type { Credentials, SessionListener, SipLayer, SipListener, SipSession } from "./shapes";

/** Asterisk forgets a registration as soon as its WebSocket closes, and timers of hidden tabs are late: a long one is safe. */
const REGISTER_EXPIRES_S = 600;
const RECOVERY_S = { least: 1, most: 4 };
/** How long to wait for an address that others can reach, where servers are configured that tell one. */
const SERVERS_MS = 700;

/** JsSIP, as the phone sees it. */
export class JsSipLayer implements SipLayer {
  #agent: UA | null = null;
  readonly #sessions = new Set<RTCSession>();

  start(credentials: Credentials, listener: SipListener): void {
    debug.disable();
    const url = new URL(credentials.ws, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const agent = new UA({
      sockets: [new WebSocketInterface(url.href)],
      uri: credentials.uri,
      contact_uri: contactOf(credentials.user),
      authorization_user: credentials.user,
      password: credentials.password,
      register_expires: REGISTER_EXPIRES_S,
      session_timers: false,
      no_answer_timeout: 300, // how long it rings is the server's decision
      connection_recovery_min_interval: RECOVERY_S.least,
      connection_recovery_max_interval: RECOVERY_S.most,
      user_agent: "acd desktop",
    });
    agent.on("registered", () => {
      for (const session of this.#sessions) stillKnown(session);
      listener.registered();
    });
    agent.on("disconnected", () => this.#agent === agent && listener.disconnected());
    agent.on("registrationFailed", ({ response }) => listener.registrationFailed(statusOf(response)));
    agent.on("newRTCSession", (event: RTCSessionEvent) => {
      if (event.originator !== "remote") return;
      const { session } = event;
      this.#sessions.add(session);
      for (const end of ["ended", "failed"] as const) session.on(end, () => this.#sessions.delete(session));
      listener.rings(new JsSipSession(session, event.request));
    });
    this.#agent = agent;
    agent.start();
  }

  register(): void {
    this.#agent?.register();
  }

  stop(): void {
    const agent = this.#agent;
    this.#agent = null;
    agent?.stop();
  }
}

const statusOf = (response: { status_code?: number } | null | undefined): number | null => response?.status_code ?? null;

/** What JsSIP has and its types leave out. */
interface InDialog {
  readonly contact: string;
  sendRequest(method: string, options: { extraHeaders: string[]; eventHandlers: { onDialogError: () => void } }): void;
}

/**
 * Asks for nothing (an UPDATE without media), to hear whether there is such a call: an Asterisk that was restarted says no
 * (481), and what is left of the call here would keep the phone busy for ever. A connection that is lost meanwhile says
 * nothing of the call.
 */
function stillKnown(session: RTCSession): void {
  if (!session.isEstablished()) return;
  const dialog = session as unknown as InDialog;
  dialog.sendRequest("UPDATE", {
    extraHeaders: [`Contact: ${dialog.contact}`], // an UPDATE without it is refused as faulty (400)
    eventHandlers: { onDialogError: () => session.terminate() },
  });
}

class JsSipSession implements SipSession {
  readonly id: string;
  readonly number: string | null;
  readonly name: string | null;
  readonly automatic: boolean;
  listener: SessionListener | null = null;
  readonly #session: RTCSession;

  constructor(session: RTCSession, request: IncomingRequest) {
    this.#session = session;
    this.id = session.id;
    this.number = session.remote_identity.uri.user || null;
    this.name = session.remote_identity.display_name || null;
    this.automatic = answersByItself(request.getHeader("Call-Info"));
    session.on("confirmed", () => this.listener?.confirmed());
    session.on("ended", () => this.listener?.ended());
    session.on("failed", () => this.listener?.ended());
    session.on("peerconnection", ({ peerconnection }) => this.#watch(peerconnection));
  }

  answer(microphone: MediaStream, iceServers: RTCIceServer[]): void {
    const session = this.#session;
    let waits: ReturnType<typeof setTimeout> | undefined;
    // JsSIP waits until all addresses of this machine are known, which may take 40 s where an interface is dead.
    session.on("icecandidate", ({ candidate, ready }) => {
      const kind = reachOf(candidate);
      if (kind === null) return;
      if (kind === "beyond" || iceServers.length === 0) {
        clearTimeout(waits);
        ready();
      } else waits ??= setTimeout(ready, SERVERS_MS);
    });
    session.answer({ mediaStream: microphone, pcConfig: { iceServers } });
  }

  end(status: number): void {
    if (this.#session.isEnded()) return;
    this.#session.terminate(this.#session.isEstablished() ? {} : { status_code: status });
  }

  mute(on: boolean): void {
    if (on) this.#session.mute({ audio: true });
    else this.#session.unmute({ audio: true });
  }

  replaceMicrophone(track: MediaStreamTrack): void {
    const sender = this.#connection?.getSenders().find((one) => one.track?.kind === "audio");
    void sender?.replaceTrack(track);
  }

  stats(): Promise<RTCStatsReport> | null {
    return this.#connection?.getStats() ?? null;
  }

  abandon(): void {
    this.listener = null;
    this.#connection?.close();
  }

  /** There is none before the answer. */
  get #connection(): RTCPeerConnection | null {
    return (this.#session.connection as RTCPeerConnection | null) ?? null;
  }

  #watch(connection: RTCPeerConnection): void {
    connection.addEventListener("track", ({ track, streams }) => this.listener?.sound(streams[0] ?? new MediaStream([track])));
    const look = (event: Event) => {
      const state = connection.iceConnectionState;
      if (state === "connected" || state === "completed") this.listener?.soundFound();
      if (state !== "failed") return;
      // JsSIP would hang up, and the caller would pay for a network of ours that has changed.
      event.stopImmediatePropagation();
      this.listener?.soundLost();
    };
    connection.addEventListener("iceconnectionstatechange", look, { capture: true });
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed") this.listener?.soundLost(); // the encryption (DTLS) came to nothing
    });
  }
}

/**
 * Where the phone is called, and so who it says it is within such a call: the server lets it speak for itself only. The host,
 * which is looked up by nobody, tells this connection from others.
 */
export function contactOf(phone: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const host = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `sip:${phone}@${host}.invalid;transport=ws`;
}

/** RFC 5373 is spoken by nobody; `Call-Info: <…>;answer-after=0` is what telephones understand. */
export const answersByItself = (header: string | undefined): boolean => /;\s*answer-after\s*=\s*0\b/i.test(header ?? "");

/** Whether a candidate says an address on our own network, or one that a server has told; null: of no use. */
export function reachOf(candidate: Pick<RTCIceCandidate, "protocol" | "type"> | null): "near" | "beyond" | null {
  if (candidate?.protocol !== "udp") return null;
  return candidate.type === "host" ? "near" : "beyond";
}
