import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EMPTY, type Draft } from "../src/agent/wrapup/draft";
import { DraftKeeper } from "../src/agent/wrapup/keeper";
import { draftName, Unsent } from "../src/agent/wrapup/unsent";

const noted = (note: string): Draft => ({ ...EMPTY, note, saved_ms: 1 });

describe("a draft on its way to the server", () => {
  const sent: string[] = [];
  let answer: ((fault?: unknown) => void)[] = [];
  let told: boolean[] = [];
  const make = () =>
    new DraftKeeper(
      (draft) => {
        sent.push(draft.note);
        return new Promise((resolve, reject) => answer.push((fault) => (fault ? reject(fault) : resolve(undefined))));
      },
      (kept) => told.push(kept),
    );

  beforeEach(() => {
    vi.useFakeTimers();
    sent.length = 0;
    [answer, told] = [[], []];
  });
  afterEach(() => vi.useRealTimers());

  it("leaves when nothing has been written for a moment, one after the other", async () => {
    const keeper = make();
    for (const note of ["a", "ab"]) keeper.later(noted(note));
    vi.runAllTimers();
    keeper.later(noted("abc"));
    vi.runAllTimers();
    expect(sent).toEqual(["ab"]);
    answer[0]!();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(["ab", "abc"]);
    answer[1]!();
    await vi.advanceTimersByTimeAsync(0);
    expect(told.at(-1)).toBe(true);
  });

  it("never comes after the result: that waits for what is on its way, and nothing follows", async () => {
    const keeper = make();
    keeper.later(noted("a"));
    vi.runAllTimers();
    keeper.later(noted("ab"));
    let quiet = false;
    void keeper.quiet().then(() => (quiet = true));
    await vi.advanceTimersByTimeAsync(5_000);
    expect([quiet, sent]).toEqual([false, ["a"]]);
    answer[0]!();
    await vi.advanceTimersByTimeAsync(5_000);
    keeper.later(noted("abc"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect([quiet, sent]).toEqual([true, ["a"]]);
  });

  it("is kept again when the result could not be sent", async () => {
    const keeper = make();
    keeper.later(noted("a"));
    await keeper.quiet();
    keeper.resume();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual(["a"]);
    answer[0]!(new Error("away"));
    await vi.advanceTimersByTimeAsync(0);
    expect(told.at(-1)).toBe(false);
  });
});

describe("what was written when the wrap-up ends by itself", () => {
  const kept = new Map<string, string>();
  const storage = {
    get: (name: string) => kept.get(name) ?? null,
    set: (name: string, value: string | null) => void (value === null ? kept.delete(name) : kept.set(name, value)),
  };
  const keep = (draft: Draft) => kept.set(draftName("c1"), JSON.stringify(draft));
  beforeEach(() => kept.clear());

  it("is sent once what is on its way to the draft has arrived, and forgotten then", async () => {
    const unsent = new Unsent(storage);
    const told: string[] = [];
    let arrived: (() => void) | undefined;
    const keeper = new DraftKeeper(
      (draft) => {
        told.push(`kept ${draft.note}`);
        return new Promise<void>((resolve) => (arrived = resolve));
      },
      () => {},
    );
    const close = unsent.open("c1", keeper);
    keeper.later(noted("a promise"));
    keep(noted("a promise"));
    close();
    const left = unsent.left("c1", async (draft) => told.push(`sent ${draft.note}`));
    await Promise.resolve();
    expect(told).toEqual(["kept a promise"]);
    arrived!();
    expect([await left, told, kept.size]).toEqual([true, ["kept a promise", "sent a promise"], 0]);
  });

  it("is not sent where there is nothing, or where it is being sent by hand", async () => {
    const unsent = new Unsent(storage);
    const send = vi.fn(async () => {});
    expect(await unsent.left("c1", send)).toBe(false);
    keep(noted("  "));
    expect(await unsent.left("c1", send)).toBe(false);
    keep(noted("a"));
    const keeper = new DraftKeeper(async () => {}, () => {});
    let done = () => {};
    const answered = new Promise<void>((resolve) => (done = resolve));
    const finishing = unsent.finish("c1", keeper, () => answered);
    expect(await unsent.left("c1", send)).toBe(false);
    done();
    await finishing;
    expect([await unsent.left("c1", send), send.mock.calls.length]).toEqual([false, 0]);
  });

  it("stays where the server refuses it", async () => {
    const unsent = new Unsent(storage);
    keep(noted("a"));
    await expect(unsent.left("c1", () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
    expect(kept.size).toBe(1);
    expect(await unsent.left("c1", async () => {})).toBe(true);
  });
});
