import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";

import { useObject } from "../live/hooks";
import type { Agent, Call } from "../live/shapes";
import { devices, phone } from "./browser";
import type { Choices } from "./devices";
import type { PhoneSnapshot } from "./shapes";
import { TakeUp } from "./takeUp";

/** The user name of the agent's phone in the browser. */
export const browserPhoneOf = (agent: Pick<Agent, "extension">): string => `w${agent.extension}`;

// The same functions each time: who subscribes anew looks for devices anew.
const toPhone = (listener: () => void) => phone.subscribe(listener);
const toDevices = (listener: () => void) => devices.subscribe(listener);

export const usePhone = (): PhoneSnapshot => useSyncExternalStore(toPhone, () => phone.snapshot);

export const useDevices = (): Choices => useSyncExternalStore(toDevices, () => devices.choices);

/** Keeps the browser being the agent's phone as long as the server says that it is. Once in a page. */
export function useAgentsPhone(agent: Agent, takeUp: () => Promise<unknown>): void {
  const user = agent.browser_phone ? browserPhoneOf(agent) : null;
  useEffect(() => {
    phone.want(user);
  }, [user]);
  useEffect(() => () => phone.want(null), []);
  useTakeUp(agent, takeUp);
  useGuard();
  useEffect(() => {
    const allow = () => phone.allowSound();
    for (const event of ["pointerdown", "keydown"]) window.addEventListener(event, allow);
    return () => {
      for (const event of ["pointerdown", "keydown"]) window.removeEventListener(event, allow);
    };
  }, []);
}

function useTakeUp(agent: Agent, takeUp: () => Promise<unknown>): void {
  const snapshot = usePhone();
  const call = useObject("me", "call", agent.call);
  const watcher = useMemo(() => new TakeUp(), []);
  const ask = useRef(takeUp);
  useEffect(() => {
    ask.current = takeUp;
  });
  const talks = agent.browser_phone && agent.state === "talking" && call?.state === "talking" ? call.id : null;
  const look = useCallback(() => {
    const { ask: now, againIn_ms } = watcher.look(phone.snapshot, { call: talks }, Date.now());
    if (now) ask.current().catch(() => {}); // asked again, and the call card shows that nothing is heard
    return againIn_ms;
  }, [watcher, talks]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const round = () => {
      const againIn_ms = look();
      if (againIn_ms !== null) timer = setTimeout(round, againIn_ms);
    };
    round();
    return () => clearTimeout(timer);
  }, [look, snapshot]);
}

/** Asks before the tab is closed while a call is in it. */
function useGuard(): void {
  const { calls, elsewhere } = usePhone();
  const guarded = calls.length > 0 && !elsewhere;
  useEffect(() => {
    if (!guarded) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [guarded]);
}

/** The call as others hear it: muted also where the microphone is off in this browser alone. */
export function useHeardCall(agent: Agent, call: Call): Call {
  const snapshot = usePhone();
  const muted = call.muted || (Boolean(agent.browser_phone) && snapshot.muted);
  return useMemo(() => (muted === call.muted ? call : { ...call, muted }), [call, muted]);
}
