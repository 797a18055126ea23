import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EMPTY, type Draft } from "../src/agent/wrapup/draft";
import { DraftKeeper } from "../src/agent/wrapup/keeper";

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
