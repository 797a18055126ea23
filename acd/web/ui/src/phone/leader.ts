/**
 * Exactly one tab of a browser is the phone. The browser's lock of this name makes the choice: whoever holds it is the
 * phone, and when that tab is closed, crashes or lets go, the next one in line gets it.
 */
export interface Election {
  /** `won` is called when we hold it; the answered function lets go, or leaves the line. */
  stand(name: string, won: () => void): () => void;
}

export const webLocks: Election = {
  stand(name, won) {
    // Without locks (a page that is not secure) there is no microphone either: nothing to share.
    if (!("locks" in navigator)) {
      won();
      return () => {};
    }
    const leaving = new AbortController();
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    navigator.locks
      .request(name, { signal: leaving.signal }, () => {
        if (leaving.signal.aborted) return undefined;
        won();
        return held;
      })
      .catch(() => {}); // we have left the line
    return () => {
      leaving.abort();
      release();
    };
  },
};

/** What tabs tell each other. */
export interface Post<Message> {
  send(message: Message): void;
  close(): void;
}

export type OpenPost = <Message>(name: string, take: (message: Message) => void) => Post<Message>;

export const broadcast: OpenPost = <Message>(name: string, take: (message: Message) => void): Post<Message> => {
  const channel = new BroadcastChannel(name);
  channel.onmessage = (event: MessageEvent<Message>) => take(event.data);
  return { send: (message) => channel.postMessage(message), close: () => channel.close() };
};
