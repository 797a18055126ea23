import { afterEach, describe, expect, it, vi } from "vitest";

import { answers, KEPT_MS } from "../src/phone/answers";
import { choicesOf, troubleOf } from "../src/phone/devices";
import { answersByItself, contactOf, reachOf } from "../src/phone/jssip";
import { levelOf } from "../src/phone/level";
import { toneOfPhone, troubleOfPhone } from "../src/phone/light";
import { OFF } from "../src/phone/shapes";
import { TakeUp } from "../src/phone/takeUp";
import { Browser, CREDENTIALS, settled, Tab } from "./fakePhone";

describe("registering", () => {
  it("registers with what the server gives, and is off when it is not wanted any more", async () => {
    const tab = new Tab();
    tab.phone.want("w1001");
    expect(tab.phone.snapshot.state).toBe("registering");
    await settled();
    expect(tab.layer.credentials).toEqual(CREDENTIALS);
    tab.server.registered();
    expect(tab.phone.snapshot.state).toBe("registered");
    tab.phone.want(null);
    expect(tab.phone.snapshot).toEqual(OFF);
    expect(tab.layer.stopped).toBe(true);
  });

  it("waits for the layer to come back, which is not a failure", async () => {
    const tab = await new Tab().up();
    tab.server.disconnected();
    expect(tab.phone.snapshot).toMatchObject({ state: "registering", why: "unreachable" });
    tab.server.registered();
    expect(tab.phone.snapshot).toMatchObject({ state: "registered", why: null });
  });

  it("rings no more once the connection is lost: the server has given the call to somebody else", async () => {
    const tab = await new Tab().up();
    const lost = tab.ring();
    tab.server.disconnected();
    expect([tab.phone.snapshot.calls, lost.refused, tab.ringing]).toEqual([[], 480, false]);
    tab.server.registered();
    const next = tab.ring(false, "two");
    expect([tab.phone.snapshot.calls[0]?.id, next.refused]).toEqual(["two", null]);
  });

  it("tries a refused password again with a fresh one, ever less often", async () => {
    const tab = new Tab();
    tab.phone.want("w1001");
    await settled();
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      tab.server.registrationFailed(403);
      expect(tab.phone.snapshot).toMatchObject({ state: "failed", why: "refused" });
      waits.push(tab.timers[0]!.ms);
      await tab.wait();
    }
    expect(waits).toEqual([300, 600, 1200]);
    expect(tab.layers.length).toBe(4);
    expect(tab.layers.slice(0, 3).every((layer) => layer.stopped)).toBe(true);
    tab.server.registered();
    expect(tab.phone.snapshot.state).toBe("registered");
  });

  it("registers again over the same connection where the server is only busy", async () => {
    const tab = new Tab();
    tab.phone.want("w1001");
    await settled();
    tab.server.registrationFailed(503);
    expect(tab.phone.snapshot.why).toBe("server");
    await tab.wait();
    expect([tab.layers.length, tab.layer.registers]).toEqual([1, 1]);
  });

  it("asks again for the password where the web process is away, and says so where there is no such phone", async () => {
    const tab = new Tab();
    tab.credentials = () => Promise.reject(new Error("offline"));
    tab.phone.want("w1001");
    await settled();
    expect(tab.phone.snapshot).toMatchObject({ state: "failed", why: "unreachable" });
    tab.credentials = () => Promise.resolve(null);
    await tab.wait();
    expect(tab.phone.snapshot).toMatchObject({ state: "failed", why: "not-yours" });
    expect(tab.timers).toEqual([]);
  });

  it("listens no longer to a layer of before", async () => {
    const tab = await new Tab().up();
    const before = tab.server;
    tab.phone.want(null);
    before.registered();
    before.disconnected();
    expect(tab.phone.snapshot).toEqual(OFF);
  });
});

describe("calls", () => {
  it("ring until a click answers them", async () => {
    const tab = await new Tab().up();
    expect(tab.phone.answer()).toBe(false);
    const session = tab.ring();
    expect(tab.ringing).toBe(true);
    expect(tab.phone.snapshot.calls).toEqual([{ id: "one", state: "ringing", number: "+491701", name: null, trouble: null }]);
    expect(tab.phone.answer()).toBe(true);
    expect(tab.phone.answer()).toBe(false);
    expect([tab.ringing, tab.phone.snapshot.calls[0]?.state]).toEqual([false, "connecting"]);
    await settled();
    expect(session.answered).toBe(tab.streams[0]);
    session.listener!.confirmed();
    expect(tab.phone.snapshot.calls[0]?.state).toBe("talking");
  });

  it("end with the sound and the microphone off", async () => {
    const tab = await new Tab().up();
    const session = tab.ring();
    tab.phone.answer();
    await settled();
    session.listener!.sound({} as MediaStream);
    expect(tab.playing).not.toBeNull();
    tab.phone.mute(true);
    expect([session.muted, tab.phone.snapshot.muted]).toEqual([true, true]);
    session.listener!.ended();
    expect([tab.phone.snapshot.calls, tab.phone.snapshot.muted, tab.playing, tab.streams[0]?.track.stopped]).toEqual([[], false, null, true]);
  });

  it("are answered by themselves where the agent has asked for them", async () => {
    const tab = await new Tab().up();
    const session = tab.ring(true);
    await settled();
    expect(tab.ringing).toBe(false);
    expect(session.answered).not.toBeNull();
  });

  it("go back to the server where there is no microphone, with the reason", async () => {
    const tab = await new Tab().up();
    tab.trouble = "denied";
    const session = tab.ring();
    tab.phone.answer();
    await settled();
    expect([session.refused, tab.phone.snapshot.microphone, tab.phone.snapshot.calls]).toEqual([480, "denied", []]);
    expect(troubleOfPhone(tab.phone.snapshot)).toEqual({ tone: "error", text: "phone.mic.denied" });
    expect(toneOfPhone(tab.phone.snapshot)).toBe("away");
  });

  it("that end while the microphone is being opened leave it closed", async () => {
    const tab = await new Tab().up();
    const session = tab.ring();
    tab.phone.answer();
    session.listener!.ended();
    await settled();
    expect([session.answered, tab.streams[0]?.track.stopped]).toEqual([null, true]);
  });

  it("are one at a time, but one without sound makes room for the next", async () => {
    const tab = await new Tab().up();
    const first = tab.ring();
    tab.phone.answer();
    await settled();
    expect(tab.ring(false, "two").refused).toBe(486);
    tab.phone.mute(true);
    first.listener!.soundLost();
    expect(troubleOfPhone(tab.phone.snapshot)?.text).toBe("phone.no-sound");
    const third = tab.ring(true, "three");
    await settled();
    expect([first.abandoned, third.refused, third.muted]).toEqual([true, null, true]);
    expect(tab.phone.snapshot.calls.map((call) => call.id)).toEqual(["three"]);
  });

  it("keep the phone until they are over", async () => {
    const tab = await new Tab().up();
    const session = tab.ring();
    tab.phone.answer();
    await settled();
    tab.phone.want(null);
    expect([tab.layer.stopped, tab.phone.snapshot.calls.length]).toEqual([false, 1]);
    session.listener!.ended();
    expect([tab.layer.stopped, tab.phone.snapshot]).toEqual([true, OFF]);
  });

  it("change the microphone under way, and keep it off where it was", async () => {
    const tab = await new Tab().up();
    const session = tab.ring();
    tab.phone.answer();
    await settled();
    tab.phone.mute(true);
    tab.phone.devicesChanged();
    await settled();
    expect(session.microphone).toBe(tab.streams[1]?.track);
    expect([tab.streams[0]?.track.stopped, tab.streams[1]?.track.enabled, tab.adapted]).toEqual([true, false, 1]);
  });
});

describe("a click on the button that is there before it rings", () => {
  const still = () => true;
  afterEach(() => void vi.useRealTimers());

  it("counts when it rings", async () => {
    const tab = await new Tab().up();
    const clicked = answers(tab.phone, still);
    const session = tab.ring();
    expect(await clicked).toBe(true);
    await settled();
    expect([session.answered, tab.ringing]).toEqual([tab.streams[0], false]);
    session.listener!.ended();
    expect([tab.ring(false, "two").answered, tab.phone.snapshot.calls[0]?.state]).toEqual([null, "ringing"]);
  });

  it("does not count for the next call, where the one that it was for has gone meanwhile", async () => {
    const tab = await new Tab().up();
    let isOffered = true;
    const clicked = answers(tab.phone, () => isOffered);
    const session = tab.ring();
    isOffered = false; // the picture follows the ring
    expect(await clicked).toBe(false);
    expect([session.answered, tab.ringing]).toEqual([null, true]);
  });

  it("does not count for what rings by then, where the one that it was for has gone", async () => {
    const tab = await new Tab().up();
    const session = tab.ring();
    expect(await answers(tab.phone, () => false)).toBe(false);
    expect([session.answered, tab.ringing]).toEqual([null, true]);
  });

  it("counts in the tab that is the phone", async () => {
    const browser = new Browser();
    const first = await new Tab(browser).up();
    const second = new Tab(browser);
    second.phone.want("w1001");
    await settled();
    const clicked = answers(second.phone, still);
    const session = first.ring();
    expect(await clicked).toBe(true);
    await settled();
    expect(session.answered).not.toBeNull();
  });

  it("is over when nothing has rung for a while, and where nothing can ring", async () => {
    const tab = await new Tab().up();
    vi.useFakeTimers();
    const clicked = answers(tab.phone, still);
    vi.advanceTimersByTime(KEPT_MS);
    expect(await clicked).toBe(false);
    expect([tab.ring().answered, tab.ringing]).toEqual([null, true]);
    expect(await answers(new Tab().phone, still)).toBe(false);
  });
});

describe("several tabs", () => {
  it("are one phone: the others show it and order there", async () => {
    const browser = new Browser();
    const first = await new Tab(browser).up();
    const second = new Tab(browser);
    second.phone.want("w1001");
    await settled();
    expect(second.layers).toEqual([]);
    expect(second.phone.snapshot).toMatchObject({ state: "registered", elsewhere: true });

    const session = first.ring();
    expect(second.phone.snapshot.calls.length).toBe(1);
    expect(second.phone.answer()).toBe(true);
    await settled();
    expect(session.answered).not.toBeNull();
    second.phone.mute(true);
    expect([session.muted, second.phone.snapshot.muted]).toEqual([true, true]);
  });

  it("the next one takes over when the first is gone", async () => {
    const browser = new Browser();
    const first = await new Tab(browser).up();
    const second = new Tab(browser);
    second.phone.want("w1001");
    first.phone.want(null);
    await settled();
    second.server.registered();
    expect(second.phone.snapshot).toMatchObject({ state: "registered", elsewhere: false });
  });
});

describe("a call that the server has and the browser has not", () => {
  const snapshot = { ...OFF, state: "registered" as const };
  const held = { id: "x", state: "talking" as const, number: null, name: null, trouble: null };

  it("is asked for at once after a reload, five times at most", () => {
    const takeUp = new TakeUp();
    expect(takeUp.look({ ...snapshot, state: "registering" }, { call: "c" }, 0).ask).toBe(false);
    expect(takeUp.look(snapshot, { call: "c" }, 100)).toEqual({ ask: true, againIn_ms: 2_500 });
    expect(takeUp.look(snapshot, { call: "c" }, 200)).toEqual({ ask: false, againIn_ms: 2_400 });
    for (const at_ms of [2_600, 5_100, 7_600, 10_100]) expect(takeUp.look(snapshot, { call: "c" }, at_ms).ask).toBe(true);
    expect(takeUp.look(snapshot, { call: "c" }, 20_000)).toEqual({ ask: false, againIn_ms: null });
  });

  it("is not, where it has just ended and the picture is late", () => {
    const takeUp = new TakeUp();
    takeUp.look({ ...snapshot, calls: [held] }, { call: "c" }, 0);
    expect(takeUp.look(snapshot, { call: "c" }, 50)).toEqual({ ask: false, againIn_ms: 2_950 });
    expect(takeUp.look(snapshot, { call: null }, 90).ask).toBe(false);
  });

  it("is asked for where the sound is lost, and not by a tab that is not the phone", () => {
    expect(new TakeUp().look({ ...snapshot, calls: [{ ...held, trouble: "no-sound" }] }, { call: "c" }, 0).ask).toBe(true);
    expect(new TakeUp().look({ ...snapshot, elsewhere: true }, { call: "c" }, 0).ask).toBe(false);
  });
});

describe("small things", () => {
  it("knows the header that asks for an answer without a click", () => {
    expect(answersByItself("<sip:acd>;answer-after=0")).toBe(true);
    expect(answersByItself("<sip:acd>; Answer-After = 0")).toBe(true);
    expect([answersByItself(undefined), answersByItself("<sip:acd>;answer-after=05"), answersByItself("<sip:x>")]).toEqual([false, false, false]);
  });

  it("is called by its own name, at a host that is nobody's", () => {
    expect(contactOf("w1001")).toMatch(/^sip:w1001@[0-9a-f]{16}\.invalid;transport=ws$/);
    expect(contactOf("w1001")).not.toBe(contactOf("w1001"));
  });

  it("takes the first address for sound that can be of use", () => {
    expect(reachOf(null)).toBeNull();
    expect(reachOf({ protocol: "tcp", type: "host" })).toBeNull();
    expect(reachOf({ protocol: "udp", type: "host" })).toBe("near");
    expect(reachOf({ protocol: "udp", type: "srflx" })).toBe("beyond");
  });

  it("names what keeps the microphone closed", () => {
    const named = (name: string) => troubleOf(Object.assign(new Error("x"), { name }));
    expect(["NotAllowedError", "NotFoundError", "NotReadableError", "TypeError"].map(named)).toEqual(["denied", "none", "busy", "failed"]);
  });

  it("sorts devices by use", () => {
    const device = (kind: MediaDeviceKind, deviceId: string) => ({ kind, deviceId, label: deviceId });
    const found = choicesOf([device("audioinput", "mic"), device("audiooutput", "box"), device("videoinput", "cam"), device("audioinput", "")]);
    expect([found.microphone.map((one) => one.id), found.ringer.map((one) => one.id)]).toEqual([["mic"], ["box"]]);
  });

  it("measures loudness", () => {
    expect(levelOf(new Float32Array(512))).toBe(0);
    expect(levelOf(new Float32Array(512).fill(1))).toBe(1);
    expect(levelOf(new Float32Array(512).fill(0.001))).toBeCloseTo(0);
  });
});
