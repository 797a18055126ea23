import { delayBefore } from "./backoff";
import type { FromServer, Topic } from "./shapes";

/** What the page tells the worker. */
export type ToWorker = { do: "open"; url: string } | { do: "topics"; topics: Topic[] } | { do: "look" } | { do: "beat" } | { do: "all"; topic: Topic } | { do: "close" };

/** What the worker tells the page. */
export type FromWorker =
  | { say: "message"; message: FromServer; local_ms: number }
  | { say: "link"; up: boolean; since_ms: number }
  /** To be answered with `beat`: whether the page lives. */
  | { say: "beat" }
  | { say: "signed-out" };

/** A WebSocket, as far as it is used here. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { reason: string }) => void) | null;
}

/** What a connection needs from outside, so that tests can play the network and the time. */
export interface World {
  socket(url: string): Socket;
  after(ms: number, action: () => void): number;
  cancel(timer: number): void;
  now_ms(): number;
  chance(): number;
  tell(news: FromWorker): void;
}

const PING_MS = 5_000;
const SILENCE_MS = 8_000;
/** How long an answer may take when the page has just come back from being hidden, frozen or offline. */
const LOOK_MS = 1_200;
const OPEN_MS = 5_000;
/** What is shown is true again within three seconds of the server's return, however long it was away. */
const AGAIN_MS = 2_000;
/** The server's reason for closing when our session has ended. */
const SESSION_OVER = "session-over";

/**
 * Keeps one WebSocket to /api/live: opens it again with growing, jittered delays, pings, and gives up a socket that says
 * nothing. It lives in a worker, since timers of hidden pages are slowed to one a minute. A worker may run on while its
 * page is frozen, and a frozen page is no desktop: so the page answers for each ping, and without an answer the socket
 * stays closed until there is one.
 */
export class Connection {
  readonly #world: World;
  #url = "";
  #topics: Topic[] = [];
  #socket: Socket | null = null;
  #open = false;
  #tries = 0;
  #heard_ms = 0;
  #pageAsleep = false;
  #timers: { again?: number; ping?: number; silence?: number } = {};

  constructor(world: World) {
    this.#world = world;
  }

  take(order: ToWorker): void {
    switch (order.do) {
      case "open":
        this.#url = order.url;
        this.#connect();
        break;
      case "topics":
        this.#topics = order.topics;
        this.#watch();
        break;
      case "look":
        this.#pageAsleep = false;
        this.#look();
        break;
      case "beat":
        this.#beat();
        break;
      case "all":
        this.#send(order);
        break;
      case "close":
        this.#url = "";
        this.#drop();
        break;
    }
  }

  #connect(): void {
    this.#drop();
    if (!this.#url) return;
    const socket = this.#world.socket(this.#url);
    this.#socket = socket;
    this.#awaitSound(OPEN_MS);
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.#open = true;
      this.#watch();
      this.#ping();
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket && typeof event.data === "string") this.#heard(event.data);
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      if (event.reason === SESSION_OVER) {
        this.#url = "";
        this.#drop();
        this.#world.tell({ say: "signed-out" });
      } else {
        this.#lost();
      }
    };
  }

  #heard(text: string): void {
    const message = JSON.parse(text) as FromServer;
    const local_ms = this.#world.now_ms();
    this.#heard_ms = local_ms;
    this.#awaitSound(SILENCE_MS);
    if (message.type === "hello") {
      this.#tries = 0;
      this.#world.tell({ say: "link", up: true, since_ms: local_ms });
    }
    this.#world.tell({ say: "message", message, local_ms });
  }

  /** The page is back from being hidden or asleep: is the other side still there? */
  #look(): void {
    if (!this.#url) return;
    if (!this.#socket) {
      this.#tries = 0;
      this.#connect();
    } else if (this.#open) {
      this.#send({ do: "ping" });
      this.#awaitSound(LOOK_MS);
    }
  }

  #watch(): void {
    if (this.#open) this.#send({ do: "watch", topics: this.#topics });
  }

  #ping(): void {
    this.#cancel("ping");
    this.#timers.ping = this.#world.after(PING_MS, () => {
      this.#pageAsleep = true; // until it answers
      this.#world.tell({ say: "beat" });
      this.#ping();
    });
  }

  #beat(): void {
    this.#pageAsleep = false;
    if (this.#open) this.#send({ do: "ping" });
    else if (!this.#socket && this.#timers.again === undefined) this.#connect();
  }

  #awaitSound(ms: number): void {
    this.#cancel("silence");
    this.#timers.silence = this.#world.after(ms, () => this.#lost());
  }

  #send(order: object): void {
    if (this.#open) this.#socket?.send(JSON.stringify(order));
  }

  #lost(): void {
    this.#drop();
    if (!this.#url) return;
    this.#world.tell({ say: "link", up: false, since_ms: this.#heard_ms });
    if (this.#pageAsleep) return;
    this.#timers.again = this.#world.after(delayBefore(this.#tries, this.#world.chance(), AGAIN_MS), () => {
      delete this.#timers.again;
      this.#connect();
    });
    this.#tries += 1;
  }

  #drop(): void {
    for (const name of ["again", "ping", "silence"] as const) this.#cancel(name);
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    socket?.close();
  }

  #cancel(name: "again" | "ping" | "silence"): void {
    const timer = this.#timers[name];
    if (timer !== undefined) this.#world.cancel(timer);
    delete this.#timers[name];
  }
}
