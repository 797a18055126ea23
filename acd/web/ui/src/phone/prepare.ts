import type { Key } from "../i18n/i18n";
import { devices, phone } from "./browser";
import { NoMicrophone, openMicrophone } from "./devices";
import type { Why } from "./shapes";

const REGISTERS_WITHIN_MS = 8_000;

export class PhoneFailed extends Error {
  readonly why: Why;

  constructor(why: Why) {
    super(why);
    this.why = why;
  }
}

/**
 * Makes this browser the phone of `user` and waits until calls can come: the microphone is allowed, the phone is
 * registered. Throws NoMicrophone or PhoneFailed; then it is no phone.
 */
export async function prepare(user: string): Promise<void> {
  const microphone = await openMicrophone();
  for (const track of microphone.getTracks()) track.stop();
  devices.look(); // names of devices are told from now on
  phone.want(user);
  try {
    await registered();
  } catch (fault) {
    forgetPrepared();
    throw fault;
  }
}

/** It came to nothing: this browser is no phone. */
export const forgetPrepared = (): void => phone.want(null);

/** What to tell a person whose browser could not be made a phone. */
export function troubleText(fault: unknown): Key {
  if (fault instanceof NoMicrophone) return `phone.mic.${fault.trouble}`;
  return fault instanceof PhoneFailed ? `phone.why.${fault.why}` : "phone.why.server";
}

function registered(): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(new PhoneFailed(phone.snapshot.why ?? "unreachable"))), REGISTERS_WITHIN_MS);
    const finish = (then: () => void) => {
      clearTimeout(timer);
      unsubscribe();
      then();
    };
    const look = () => {
      const { state, why } = phone.snapshot;
      if (state === "registered") finish(resolve);
      else if (state === "failed" && why === "not-yours") finish(() => reject(new PhoneFailed(why)));
    };
    const unsubscribe = phone.subscribe(look);
    look();
  });
}
