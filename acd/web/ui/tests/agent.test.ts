import { describe, expect, it, vi } from "vitest";

import { byDue, readInbox, type Task } from "../src/api/inbox";
import type { Phones, WrapUpForm } from "../src/api/me";
import type { Targets } from "../src/api/targets";
import { firstChoice, isOutOfReach } from "../src/agent/loginPhones";
import { otherSide, possible, showsDone } from "../src/agent/controls";
import { busy_s, overTime_s, possibleOrders, toneOf } from "../src/agent/states";
import { findTargets } from "../src/agent/targets";
import { EMPTY, lacks, newer, readDraftText, toSend, wayTo } from "../src/agent/wrapup/draft";
import type { Agent, Call } from "../src/live/shapes";

const agent = (given: Partial<Agent>): Agent =>
  ({ id: "anna", state: "ready", occupied: null, phone_reachable: true, pending: null, next_state: null, reason_max_s: null, since_at: 100, until_at: null, busy_s: 0, wrap_up_wanted: false, ...given }) as Agent;
const call = (given: Partial<Call>): Call =>
  ({ id: "c", kind: "inbound", state: "talking", on_hold: false, muted: false, recording: null, parties: [], consult: null, caller_number: "+4930", caller_name: null, dialed_number: "8000", outside_number: null, customer: null, ...given }) as Call;

describe("what can be done with a call", () => {
  const can = (given: Partial<Call>, whose: Partial<Agent> = { call: "c" }) => [...possible(agent({ state: "talking", ...whose }), call(given))].toSorted();
  const consult = (state: string) => ({ call: "c-c1", to: "ben", state });

  it("is to answer or to decline while it rings", () => {
    expect(can({ state: "ringing" })).toEqual(["answer", "hangup"]);
  });
  it("turns over with hold, mute and the recording", () => {
    expect(can({})).toEqual(["conference-add", "consult", "hangup", "hold", "keys", "mute", "transfer"]);
    expect(can({ on_hold: true, muted: true, recording: "on" })).toEqual(["conference-add", "consult", "hangup", "record-pause", "resume", "transfer", "unmute"]);
    expect(can({ recording: "paused" })).toContain("record-resume");
  });
  it("is not to hang up on a customer who hears music while a colleague is asked", () => {
    expect(can({ on_hold: true, consult: consult("ringing") })).toEqual(["consult-cancel", "consult-complete", "keys", "mute"]);
    expect(can({ on_hold: true, consult: consult("talking") })).toEqual(["consult-cancel", "consult-complete", "consult-join", "keys", "mute"]);
    expect(can({ on_hold: true, consult: consult("outside") })).toContain("consult-join");
  });
  it("is to leave a talk of three, or to take the third one out", () => {
    expect(can({ consult: consult("talking") })).toEqual(["consult-cancel", "hangup", "mute"]);
  });
  it("is nothing once it is over, and nothing with another's call", () => {
    expect(can({ state: "ended" })).toEqual([]);
    expect(can({}, { state: "wrap_up", call: null, wrap_up_call: "c" })).toEqual([]);
  });
  it("is all but recording in a call that the agent has dialled, also during the wrap-up of another", () => {
    const own: Partial<Agent> = { call: null, own_call: "c" };
    expect(can({ kind: "outbound", state: "dialing_out" }, own)).toEqual(["hangup"]);
    expect(can({ kind: "outbound", state: "outside" }, { ...own, state: "wrap_up" })).toEqual(["conference-add", "consult", "hangup", "hold", "keys", "mute", "transfer"]);
    expect(can({ kind: "outbound", state: "outside", on_hold: true }, own)).toEqual(["conference-add", "consult", "hangup", "mute", "resume", "transfer"]);
    expect(can({ kind: "outbound", state: "outside", on_hold: true, consult: consult("talking") }, own)).toContain("consult-complete");
  });
  it("is done when the feed says so, whatever else changes meanwhile", () => {
    const before = call({});
    expect(showsDone("hold", call({ muted: true }), before)).toBe(false);
    expect(showsDone("hold", call({ on_hold: true }), before)).toBe(true);
    expect(showsDone("transfer", before, before)).toBe(false);
    expect(showsDone("transfer", call({}), before)).toBe(true);
  });
});

describe("the phone that is chosen first at log-in", () => {
  const anna = agent({ extension: "1001" });
  const phones = (registered: Record<string, boolean | null>, browser = true, taken: Record<string, string> = {}): Phones => ({
    phones: Object.entries(registered).map(([phone, is]) => ({ phone, name: null, agent: taken[phone] ?? null, registered: is })),
    browser_phone: browser ? { uri: "", user: "w1001", password: "", ws: "/sip" } : null,
  });

  it("is one that calls can reach: of the last time, one's own, or the browser", () => {
    expect(firstChoice(phones({ "1001": true, "1007": true }), anna, "1007")).toBe("1007");
    expect(firstChoice(phones({ "1001": true, "1007": false }), anna, "1007")).toBe("1001");
    expect(firstChoice(phones({ "1001": false, "1007": true }), anna, null)).toBe("w1001");
    expect(firstChoice(phones({ "1001": true, "1007": true }, true, { "1007": "ben" }), anna, "1007")).toBe("1001");
    expect(firstChoice(phones({ "1001": true }), anna, "w1001")).toBe("w1001");
  });
  it("is one's own where nobody knows, and none where no call would come", () => {
    expect(firstChoice(phones({ "1001": null }), anna, null)).toBe("1001");
    expect(firstChoice(phones({ "1001": false, "1002": true }, false), anna, "1001")).toBeNull();
  });
  it("is said to be out of reach when it is known to be", () => {
    const some = phones({ "1001": false, "1002": true, "1003": null });
    expect(["1001", "1002", "1003", "w1001", null].map((phone) => isOutOfReach(some, phone))).toEqual([true, false, false, false, false]);
  });
});

describe("the other side", () => {
  it("is the customer, by name where there is one", () => {
    expect(otherSide(call({ customer: { id: "k", name: "Müller", segment: null }, caller_name: "M" }), { call: "c" })).toEqual({ name: "Müller", number: "+4930" });
    expect(otherSide(call({ caller_name: "M" }), { call: "c" })).toEqual({ name: "M", number: "+4930" });
  });
  it("is whom the agent has dialled, or the colleague who has dialled the agent", () => {
    expect(otherSide(call({ kind: "outbound", outside_number: "+4940", caller_name: "Anna" }), { call: null })).toEqual({ name: null, number: "+4940" });
    expect(otherSide(call({ kind: "internal", caller_name: "Ben", caller_number: "1002", dialed_number: "1001" }), { call: "c" })).toEqual({ name: "Ben", number: "1002" });
  });
});

describe("what can be asked for", () => {
  const orders = (given: Partial<Agent>) => [...possibleOrders(agent(given))].toSorted();
  it("fits the state", () => {
    expect(orders({ state: "logged_out" })).toEqual(["login"]);
    expect(orders({ state: "ready" })).toEqual(["logout", "not-ready"]);
    expect(orders({ state: "not_ready" })).toEqual(["logout", "not-ready", "ready"]);
  });
  it("comes after a call in hand, and can be taken back", () => {
    expect(orders({ state: "talking", next_state: "ready" })).toEqual(["logout", "not-ready", "wrap-up"]);
    expect(orders({ state: "talking", next_state: "not_ready", pending: "lunch" })).toEqual(["logout", "not-ready", "ready", "revoke", "wrap-up"]);
  });
  it("never ends a wrap-up unasked", () => {
    expect(orders({ state: "wrap_up", next_state: "not_ready", pending: "lunch" })).toEqual(["logout", "not-ready", "revoke", "wrap-up-done", "wrap-up-extend"]);
  });
});

describe("how a state looks", () => {
  it("warns where a ready agent gets no calls", () => {
    expect(toneOf(agent({ state: "ready" }))).toBe("ready");
    expect(toneOf(agent({ state: "ready", phone_reachable: false }))).toBe("warning");
    expect(toneOf(agent({ state: "ready", occupied: "phone_in_use" }))).toBe("warning");
  });
  it("counts what is over the usual time, and the work so far", () => {
    expect(overTime_s(agent({ state: "not_ready", reason_max_s: 60 }), 170)).toBe(10);
    expect(overTime_s(agent({ state: "talking", reason_max_s: 60 }), 170)).toBe(0);
    expect(busy_s(agent({ state: "talking", busy_s: 5 }), 170)).toBe(75);
    expect(busy_s(agent({ state: "ready", busy_s: 5 }), 170)).toBe(5);
  });
});

describe("finding whom to send a call to", () => {
  const targets: Targets = {
    agents: [
      { id: "anna", name: "Anna", extension: "1001", state: "talking" },
      { id: "dora", name: "Dora", extension: "1004", state: "logged_out" },
      { id: "ben", name: "Ben", extension: "1002", state: "talking" },
      { id: "emil", name: "Emil", extension: "1005", state: "ready" },
    ],
    groups: [{ id: "sales", name: "Sales", ready: 0 }],
    flows: [{ id: "survey", name: "Survey" }],
    numbers: [{ id: "+4930", name: "Branch" }],
    outside: true,
  };
  const ids = (query: string, kind: Parameters<typeof findTargets>[2] = "all") => findTargets(targets, query, kind, "anna").map((target) => target.id);
  it("has those first who can take a call, and never oneself", () => {
    expect(ids("")).toEqual(["emil", "ben", "dora", "sales", "+4930", "survey"]);
  });
  it("goes by every word, of name or extension", () => {
    expect(ids("emil 1005")).toEqual(["emil"]);
    expect(ids("SAL")).toEqual(["sales"]);
    expect(ids("nobody")).toEqual([]);
  });
  it("takes a number as it was typed", () => {
    expect(ids("+49 40/123-4")).toEqual(["+49401234"]);
    expect(ids("+49 40", "agent")).toEqual([]);
  });
});

describe("the order of the inbox", () => {
  const task = (id: string, at: number, given: Partial<Task> = {}): Task => ({ kind: "callback", id, at, due_at: null, state: "open", ...given }) as Task;
  it("has broken promises first, then goes by when each is due", () => {
    const tasks = [task("promised", 10, { due_at: 900 }), task("old", 50), task("late", 90, { due_at: 400 }), task("kept", 20, { due_at: 300, state: "done" }), task("new", 450)];
    expect(byDue(tasks, 500).map(({ id }) => id)).toEqual(["late", "old", "kept", "new", "promised"]);
    expect(byDue(tasks, 100).map(({ id }) => id)).toEqual(["old", "kept", "late", "new", "promised"]);
  });
  it("has closed ones page by page, the newest first, each kind as far as it goes", async () => {
    const pages: Record<string, unknown> = {
      "callback ": { tasks: [task("c9", 9), task("c6", 6)], after: "c6" },
      "callback c6": { tasks: [task("c3", 3)], after: "c3" },
      "callback c3": { tasks: [task("c1", 1)], after: null },
      "voicemail ": { tasks: [task("v8", 8)], after: null },
    };
    vi.stubGlobal("fetch", async (path: string) => {
      const query = new URL(path, "http://here").searchParams;
      return Response.json(pages[`${query.get("kind")} ${query.get("after") ?? ""}`]);
    });
    const read = async (count: number) => {
      const found = await readInbox({ closed: true }, count);
      return [found.tasks.map(({ id }) => id).join(" "), found.after, found.pages];
    };
    expect(await read(1)).toEqual(["c9 v8 c6", { callback: "c6" }, 1]);
    expect(await read(2)).toEqual(["c9 v8 c6 c3", { callback: "c3" }, 2]);
    expect(await read(9)).toEqual(["c9 v8 c6 c3 c1", {}, 3]);
    vi.unstubAllGlobals();
  });
});

describe("what is noted about a call", () => {
  const form: WrapUpForm = {
    required: true,
    dispositions: [
      { code: "sale", label: "Sale", children: [{ code: "sale.new", label: "New", fields: [{ name: "order", label: "Order", kind: "text", required: true }] }, { code: "sale.none", label: "None" }] },
    ],
  };
  const draft = { ...EMPTY, code: "sale.new", fields: { order: " ", old: "x" }, note: " hello " };
  it("lacks its result, its fields and a moment that is still to come", () => {
    expect(lacks(EMPTY, form, 0)).toEqual([{ what: "code" }]);
    expect(lacks(draft, form, 0)).toEqual([{ what: "field", name: "order" }]);
    expect(lacks({ ...draft, fields: { order: "7" }, callback_at: 10 }, form, 20)).toEqual([{ what: "callback-past" }]);
    expect(lacks(EMPTY, { ...form, required: false }, 0)).toEqual([]);
  });
  it("is sent without what belongs to another result", () => {
    expect(toSend({ ...draft, fields: { order: "7", old: "x" } }, form)).toEqual({ code: "sale.new", fields: { order: "7" }, note: "hello", callback_at: null });
  });
  it("finds its place in the tree", () => {
    expect(wayTo("sale.none", form.dispositions).map((node) => node.code)).toEqual(["sale", "sale.none"]);
    expect(wayTo("gone", form.dispositions)).toEqual([]);
  });
  it("comes back in its newest form, and never broken", () => {
    const [here, there] = [{ ...EMPTY, note: "here", saved_ms: 5 }, { ...EMPTY, note: "there", saved_ms: 9 }];
    expect(newer(here, there).note).toBe("there");
    expect(newer(here, null).note).toBe("here");
    expect(newer(null, null)).toEqual(EMPTY);
    expect(readDraftText(JSON.stringify(here))).toEqual(here);
    expect(["{", "7", '{"note": 1}', null].map(readDraftText)).toEqual([null, null, null, null]);
  });
});
