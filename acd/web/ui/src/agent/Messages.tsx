import { App as AntApp } from "antd";
import { useEffect, useRef } from "react";

import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { sameItems, useSelect } from "../live/hooks";
import { live } from "../live/live";
import type { Message } from "../live/shapes";
import { allOf, type Objects } from "../live/store";

const newestFirst = (objects: Objects): Message[] => allOf<Message>(objects, "message").toSorted((one, other) => other.at - one.at);

/** What supervisors have written in the last quarter of an hour; a new one is also shown in the corner. */
export function Messages() {
  const { t } = useI18n();
  const format = useFormat();
  const messages = useSelect("me", newestFirst, sameItems);
  useNews(messages);
  if (messages.length === 0) return null;
  return (
    <section className="card" aria-labelledby="messages">
      <h2 id="messages" className="card-title">
        {t("messages.title")}
      </h2>
      <ul className="messages">
        {messages.map((message) => (
          <li key={message.id} className={message.urgent ? "message message-urgent" : "message"}>
            <span className="quiet">
              {format.time(message.at)} · <bdi>{message.from}</bdi>
              {message.urgent && <strong> {t("messages.urgent")}</strong>}
            </span>
            <p>
              <bdi>{message.text}</bdi>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function useNews(messages: readonly Message[]): void {
  const { notification } = AntApp.useApp();
  const shown = useRef<Set<string> | null>(null);
  useEffect(() => {
    const first = shown.current === null;
    const seen = (shown.current ??= new Set());
    for (const message of messages) {
      if (seen.has(message.id)) continue;
      seen.add(message.id);
      // After a reload only what is still urgent comes up again.
      if (first && !(message.urgent && live.now_s() - message.at < 60)) continue;
      notification[message.urgent ? "warning" : "info"]({ key: message.id, title: message.from, description: message.text, duration: message.urgent ? 0 : 12 });
    }
  }, [messages, notification]);
}
