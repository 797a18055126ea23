import { Connection, type FromWorker, type Socket, type ToWorker } from "./connection";

const connection = new Connection({
  socket: (url) => new WebSocket(url) as unknown as Socket,
  after: (ms, action) => self.setTimeout(action, ms),
  cancel: (timer) => self.clearTimeout(timer),
  now_ms: () => Date.now(),
  chance: () => Math.random(),
  tell: (news: FromWorker) => self.postMessage(news),
});

self.onmessage = (event: MessageEvent<ToWorker>) => connection.take(event.data);
