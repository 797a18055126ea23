import { devices, phone } from "./browser";
import { openMicrophone } from "./devices";
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
    phone.want(null);
    throw fault;
  }
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
