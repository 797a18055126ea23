import { ApiError } from "../api/http";
import { readSession } from "../api/session";
import { ServerClock } from "./clock";
import type { FromWorker, ToWorker } from "./connection";
import type { FromServer, Topic } from "./shapes";
import { LiveStore } from "./store";

export type Link = "connecting" | "up" | "lost" | "away";

type Listener = () => void;

/** How long a topic is still watched after its last page has gone: going to and fro costs no new snapshot. */
const LINGER_MS = 5_000;

/** The page's end of the feed: the store, the clock, the state of the link, and who watches what. */
class Live {
  readonly store = new LiveStore();
  readonly clock = new ServerClock();
  #worker: Worker | null = null;
  #wanted = new Map<Topic, number>();
  #link: Link = "connecting";
  #away = false;
  #listeners = new Set<Listener>();
  /** Topics whose snapshot has been asked for again, as a difference was missing. */
  #asked = new Set<Topic>();
  #onSignedOut: Listener = () => {};

  get link(): Link {
    return this.#link === "up" && this.#away ? "away" : this.#link;
  }

  /** The server's time in seconds. */
  now_s(): number {
    return this.clock.now_s(Date.now());
  }

  open(onSignedOut: Listener): void {
    if (this.#worker) return;
    this.#onSignedOut = onSignedOut;
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => this.#take(event.data);
    const url = new URL("/api/live", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#tell({ do: "open", url: url.href });
    this.#sendTopics();
    for (const event of ["visibilitychange", "resume"]) document.addEventListener(event, this.#look);
    for (const event of ["online", "pageshow", "focus"]) window.addEventListener(event, this.#look);
  }

  close(): void {
    if (!this.#worker) return;
    for (const event of ["visibilitychange", "resume"]) document.removeEventListener(event, this.#look);
    for (const event of ["online", "pageshow", "focus"]) window.removeEventListener(event, this.#look);
    this.#tell({ do: "close" });
    this.#worker.terminate();
    this.#worker = null;
    for (const topic of this.#wanted.keys()) this.store.forget(topic);
    this.#setLink("connecting");
  }

  /** Watches `topic` until the answered function is called. */
  watch(topic: Topic): () => void {
    const watchers = this.#wanted.get(topic) ?? 0;
    this.#wanted.set(topic, watchers + 1);
    if (watchers === 0) this.#sendTopics();
    return () => setTimeout(() => this.#unwatch(topic), LINGER_MS);
  }

  subscribeLink(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #unwatch(topic: Topic): void {
    const watchers = (this.#wanted.get(topic) ?? 1) - 1;
    this.#wanted.set(topic, watchers);
    if (watchers > 0) return;
    this.#wanted.delete(topic);
    this.store.forget(topic);
    this.#sendTopics();
  }

  #look = (): void => {
    if (document.visibilityState === "visible") this.#tell({ do: "look" });
  };

  #sendTopics(): void {
    this.#tell({ do: "topics", topics: [...this.#wanted.keys()] });
  }

  #tell(order: ToWorker): void {
    this.#worker?.postMessage(order);
  }

  #take(news: FromWorker): void {
    if (news.say === "signed-out") return this.#onSignedOut();
    if (news.say === "beat") return this.#tell({ do: "beat" });
    if (news.say === "link") {
      if (!news.up) void this.#probe();
      return this.#setLink(news.up ? "up" : "lost");
    }
    const message = news.message;
    if ("now_s" in message && message.now_s !== undefined) this.clock.sample(message.now_s, news.local_ms);
    if (message.type === "link") {
      this.#away = message.controller === "away";
      this.#tellLink();
    } else if (message.type === "all" || message.type === "change") {
      if (this.#wanted.has(message.topic)) this.#takeObjects(message);
    }
  }

  #takeObjects(message: Extract<FromServer, { type: "all" | "change" }>): void {
    if (this.store.take(message)) {
      this.#asked.delete(message.topic);
    } else if (!this.#asked.has(message.topic)) {
      this.#asked.add(message.topic);
      this.#tell({ do: "all", topic: message.topic });
    }
  }

  /** A refused WebSocket looks like a broken one: only the session tells whether to go on trying. */
  async #probe(): Promise<void> {
    try {
      await readSession();
    } catch (fault) {
      if (fault instanceof ApiError && fault.status === 401) this.#onSignedOut();
    }
  }

  #setLink(link: Link): void {
    this.#link = link;
    if (link !== "up") {
      this.#away = false;
      this.#asked.clear();
    }
    this.#tellLink();
  }

  #tellLink(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

export const live = new Live();
