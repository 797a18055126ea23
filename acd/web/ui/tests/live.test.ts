import { describe, expect, it } from "vitest";

import { delayBefore } from "../src/live/backoff";
import { ServerClock } from "../src/live/clock";
import { Connection, type FromWorker, type Socket, type World } from "../src/live/connection";
import { allOf, LiveStore } from "../src/live/store";

describe("the store", () => {
  it("applies differences to the snapshot, and keeps what did not change", () => {
    const store = new LiveStore();
    const [anna, ben] = [{ id: "anna" }, { id: "ben" }];
    expect(store.take({ type: "all", topic: "me", n: 7, data: { "agent:anna": anna, "agent:ben": ben, "call:1": {} } })).toBe(true);
    const newer = { id: "ben", state: "ready" };
    expect(store.take({ type: "change", topic: "me", n: 8, set: { "agent:ben": newer }, drop: ["call:1"] })).toBe(true);
    expect(allOf(store.objects("me"), "agent")).toEqual([anna, newer]);
    expect(store.objects("me").get("agent:anna")).toBe(anna);
    expect(store.objects("me").has("call:1")).toBe(false);
  });

  it("says when a difference is missing, and changes nothing then", () => {
    const store = new LiveStore();
    expect(store.take({ type: "change", topic: "me", n: 1, set: { centre: {} } })).toBe(false);
    store.take({ type: "all", topic: "me", n: 1, data: {} });
    expect(store.take({ type: "change", topic: "me", n: 3, set: { centre: {} } })).toBe(false);
    expect(store.objects("me").size).toBe(0);
  });

  it("tells those who look at the topic, and nobody else, until they have gone", () => {
    const store = new LiveStore();
    const told: string[] = [];
    const stop = store.subscribe("me", () => told.push("me"));
    store.subscribe("wallboard", () => told.push("wallboard"));
    store.take({ type: "all", topic: "me", n: 1, data: {} });
    stop();
    store.take({ type: "change", topic: "me", n: 2 });
    expect(told).toEqual(["me"]);
  });

  it("has another version after each change, also after having forgotten a topic", () => {
    const store = new LiveStore();
    const versions = [store.version("calls")];
    store.take({ type: "all", topic: "calls", n: 1, data: {} });
    versions.push(store.version("calls"));
    store.forget("calls");
    expect(store.arrived("calls")).toBe(false);
    versions.push(store.version("calls"));
    store.take({ type: "all", topic: "calls", n: 1, data: {} });
    versions.push(store.version("calls"));
    expect(new Set(versions).size).toBe(4);
  });
});

describe("the server's clock", () => {
  it("takes the least delayed of the last samples", () => {
    const clock = new ServerClock(3);
    clock.sample(1000, 990_300); // 300 ms on the way, the server 10 s before us
    clock.sample(1001, 991_020);
    clock.sample(1002, 992_500);
    expect(clock.now_s(992_500)).toBeCloseTo(1002.48, 5);
  });

  it("follows at once when somebody sets a clock", () => {
    const clock = new ServerClock();
    clock.sample(1000, 1_000_000);
    clock.sample(1001, 1_061_000);
    expect(clock.offset_s).toBe(-60);
  });
});

describe("the delay before the next try", () => {
  it("grows up to eight seconds, and half of it is by chance", () => {
    expect([delayBefore(0, 0), delayBefore(0, 1)]).toEqual([150, 300]);
    expect([delayBefore(3, 0), delayBefore(3, 1)]).toEqual([1200, 2400]);
    expect(delayBefore(40, 1)).toBe(8000);
    expect(delayBefore(40, 1, 2000)).toBe(2000);
  });
});

/** A network and a time that the test plays. */
class Stage implements World {
  now = 0;
  sockets: (Socket & { sent: string[]; closed: boolean })[] = [];
  told: FromWorker[] = [];
  answersBeat: (() => void) | null = null;
  #timers = new Map<number, { at: number; action: () => void }>();
  #last = 0;

  socket(): Socket {
    const socket = { sent: [] as string[], closed: false, onopen: null, onmessage: null, onclose: null, send: (text: string) => socket.sent.push(text), close: () => (socket.closed = true) };
    this.sockets.push(socket as never);
    return socket as never;
  }
  after(ms: number, action: () => void): number {
    this.#timers.set(++this.#last, { at: this.now + ms, action });
    return this.#last;
  }
  cancel(timer: number): void {
    this.#timers.delete(timer);
  }
  now_ms(): number {
    return this.now;
  }
  chance(): number {
    return 1;
  }
  tell(news: FromWorker): void {
    this.told.push(news);
    if (news.say === "beat") this.answersBeat?.();
  }
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.#timers].filter(([, timer]) => timer.at <= end).toSorted(([, one], [, other]) => one.at - other.at)[0];
      if (!next) break;
      this.#timers.delete(next[0]);
      this.now = next[1].at;
      next[1].action();
    }
    this.now = end;
  }
  last() {
    return this.sockets.at(-1)!;
  }
  greet(): void {
    this.last().onopen!();
    this.say({ type: "hello", now_s: 1, boot: "b", session: {} });
  }
  say(message: object): void {
    this.last().onmessage!({ data: JSON.stringify(message) });
  }
}

function opened(): { stage: Stage; connection: Connection } {
  const stage = new Stage();
  const connection = new Connection(stage);
  stage.answersBeat = () => connection.take({ do: "beat" });
  connection.take({ do: "topics", topics: ["me"] });
  connection.take({ do: "open", url: "ws://here/api/live" });
  stage.greet();
  return { stage, connection };
}

describe("the connection", () => {
  it("watches its topics again on each new socket", () => {
    const { stage, connection } = opened();
    connection.take({ do: "topics", topics: ["me", "inbox"] });
    expect(stage.last().sent.map((text) => JSON.parse(text))).toEqual([
      { do: "watch", topics: ["me"] },
      { do: "watch", topics: ["me", "inbox"] },
    ]);
    stage.last().onclose!({ reason: "" });
    stage.pass(300);
    stage.greet();
    expect(stage.sockets.length).toBe(2);
    expect(JSON.parse(stage.last().sent[0]!)).toEqual({ do: "watch", topics: ["me", "inbox"] });
    expect(stage.told.filter((news) => news.say === "link").map((news) => news.up)).toEqual([true, false, true]);
  });

  it("gives up a socket that says nothing, and not one that answers its pings", () => {
    const { stage } = opened();
    for (let second = 0; second < 60; second += 5) {
      stage.pass(5_000);
      stage.say({ type: "pong", now_s: second });
    }
    expect(stage.sockets.length).toBe(1);
    expect(stage.last().sent.filter((text) => text.includes("ping")).length).toBe(12);
    stage.pass(8_400);
    expect(stage.sockets.length).toBe(2);
    expect(stage.sockets[0]!.closed).toBe(true);
  });

  it("closes its socket while the page is frozen, and opens one as soon as it answers", () => {
    const { stage } = opened();
    const wake = stage.answersBeat!;
    stage.answersBeat = null;
    stage.pass(60_000);
    expect(stage.sockets.map((socket) => socket.closed)).toEqual([true]);
    expect(stage.last().sent.some((text) => text.includes("ping"))).toBe(false);
    wake();
    expect(stage.sockets.length).toBe(2);
  });

  it("finds out within a second and a half after a sleep that the socket is dead", () => {
    const { stage, connection } = opened();
    connection.take({ do: "look" });
    stage.pass(1_500);
    expect(stage.sockets.length).toBe(2);
  });

  it("tries at once when the page comes back, however long it would have waited", () => {
    const { stage, connection } = opened();
    stage.last().onclose!({ reason: "" });
    for (let tries = 0; tries < 6; tries += 1) {
      stage.pass(2_000);
      stage.last().onclose!({ reason: "" });
    }
    const before = stage.sockets.length;
    connection.take({ do: "look" });
    expect(stage.sockets.length).toBe(before + 1);
  });

  it("does not come back when the session has ended", () => {
    const { stage } = opened();
    stage.last().onclose!({ reason: "session-over" });
    stage.pass(60_000);
    expect(stage.sockets.length).toBe(1);
    expect(stage.told.at(-1)).toEqual({ say: "signed-out" });
  });

  it("goes on where the server closed it for another reason", () => {
    const { stage } = opened();
    stage.last().onclose!({ reason: "silent" });
    stage.pass(300);
    expect(stage.sockets.length).toBe(2);
  });
});
