import { get } from "../api/http";
import { listDevices, NO_CHOICES, openMicrophone, type Choices } from "./devices";
import { broadcast, webLocks } from "./leader";
import { BrowserPhone } from "./phone";
import type { Credentials, Phone } from "./shapes";
import { Ringer, Speaker } from "./sounds";

const speaker = new Speaker();
const ringer = new Ringer();

const browserPhone = new BrowserPhone({
  makeLayer: async () => new (await import("./jssip")).JsSipLayer(),
  readCredentials: async () => (await get<{ browser_phone: Credentials | null }>("/api/me/phone")).browser_phone,
  equipment: {
    openMicrophone,
    speaker,
    ringer,
    every: (ms, work) => {
      const timer = setInterval(work, ms);
      return () => clearInterval(timer);
    },
  },
  election: webLocks,
  openPost: broadcast,
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  chance: Math.random,
  adaptSound: () => {
    void speaker.adapt();
    void ringer.adapt();
  },
  allowSound: () => {
    void speaker.again();
    void ringer.again();
  },
});
speaker.onBlocked = ringer.onBlocked = (blocked) => browserPhone.soundBlocked(blocked);

/** The phone of this page. */
export const phone: Phone = browserPhone;

let choices: Choices = NO_CHOICES;
const watchers = new Set<() => void>();

const look = (): void => {
  void listDevices().then((found) => {
    choices = found;
    for (const watcher of [...watchers]) watcher();
  });
};

/** The devices there are, as they are plugged and unplugged. */
export const devices = {
  get choices(): Choices {
    return choices;
  },
  look,
  subscribe(watcher: () => void): () => void {
    if (watchers.size === 0) navigator.mediaDevices?.addEventListener("devicechange", look);
    watchers.add(watcher);
    look();
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) navigator.mediaDevices?.removeEventListener("devicechange", look);
    };
  },
};
