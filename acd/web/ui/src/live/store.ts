import type { FromServer, Topic } from "./shapes";

export type Objects = ReadonlyMap<string, unknown>;
type Listener = () => void;

const NOTHING: Objects = new Map();

interface Held {
  objects: Map<string, unknown>;
  n: number;
}

/** What the feed has said, by topic. Objects are exchanged, never changed: `===` tells whether one is new. */
export class LiveStore {
  readonly #held = new Map<Topic, Held>();
  /** Grows with each change, so that what was derived can be kept until then. */
  readonly #versions = new Map<Topic, number>();
  readonly #listeners = new Map<Topic, Set<Listener>>();

  /** Takes one message; answers false where one before it is missing: then everything must be asked for again. */
  take(message: Extract<FromServer, { type: "all" | "change" }>): boolean {
    const held = this.#held.get(message.topic);
    if (message.type === "all") {
      this.#held.set(message.topic, { objects: new Map(Object.entries(message.data)), n: message.n });
    } else {
      if (!held || message.n !== held.n + 1) return false;
      for (const [key, object] of Object.entries(message.set ?? {})) held.objects.set(key, object);
      for (const key of message.drop ?? []) held.objects.delete(key);
      held.n = message.n;
    }
    this.#tell(message.topic);
    return true;
  }

  /** Nothing of `topic` is known any more, as nobody watches it. */
  forget(topic: Topic): void {
    if (this.#held.delete(topic)) this.#tell(topic);
  }

  objects(topic: Topic): Objects {
    return this.#held.get(topic)?.objects ?? NOTHING;
  }

  /** Whether the topic's first snapshot has come. */
  arrived(topic: Topic): boolean {
    return this.#held.has(topic);
  }

  version(topic: Topic): number {
    return this.#versions.get(topic) ?? 0;
  }

  subscribe(topic: Topic, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #tell(topic: Topic): void {
    this.#versions.set(topic, this.version(topic) + 1);
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener();
  }
}

/** The objects whose key begins with `kind:`, in the order of the feed. */
export function allOf<Kind>(objects: Objects, kind: string): Kind[] {
  const found: Kind[] = [];
  for (const [key, object] of objects) if (key.startsWith(`${kind}:`)) found.push(object as Kind);
  return found;
}
