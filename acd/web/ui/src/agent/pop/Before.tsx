import { AudioOutlined, PhoneOutlined } from "@ant-design/icons";
import { Tag } from "antd";

import type { Contact } from "../../api/customers";
import type { Pop } from "../../api/me";
import { useNames } from "../../api/names";
import { clockText } from "../../format/format";
import { useFormat } from "../../format/hooks";
import { useI18n } from "../../i18n/i18n";
import { live } from "../../live/live";

/** What happened before: open promises first, then the last contacts. */
export function Before({ before, known }: { before: Pop["before"]; known: boolean }) {
  const { t } = useI18n();
  const format = useFormat();
  const names = useNames();
  const now_s = live.now_s();
  const nothing = before.contacts.length + before.callbacks.length + before.voicemails.length === 0;
  return (
    <section className="card" aria-labelledby="pop-before">
      <h2 id="pop-before" className="card-title">
        {t("pop.before")}
      </h2>
      {nothing && <p className="quiet">{t(known ? "pop.before.nothing" : "pop.before.unknown")}</p>}
      {before.callbacks.map((callback) => (
        <p key={callback.id} className="promise">
          <PhoneOutlined aria-hidden /> {callback.due_at ? t("pop.promised-callback", { time: format.moment(callback.due_at, now_s) }) : t("pop.open-callback", { time: format.moment(callback.at, now_s) })} {callback.group && <Tag>{names.group(callback.group)}</Tag>}
        </p>
      ))}
      {before.voicemails.map((voicemail) => (
        <p key={voicemail.id} className="promise">
          <AudioOutlined aria-hidden /> {t("pop.open-voicemail", { time: format.moment(voicemail.at, now_s), duration: clockText(voicemail.duration_s) })}
        </p>
      ))}
      <ol className="contacts">
        {before.contacts.map((contact) => (
          <ContactLine key={contact.call} contact={contact} now_s={now_s} />
        ))}
      </ol>
    </section>
  );
}

function ContactLine({ contact, now_s }: { contact: Contact; now_s: number }) {
  const { known } = useI18n();
  const format = useFormat();
  const names = useNames();
  return (
    <li className="contact">
      <time className="contact-when" dateTime={new Date(contact.at * 1000).toISOString()} title={format.moment(contact.at, now_s)}>
        {format.distance(contact.at, now_s)}
      </time>
      <span className="contact-what">
        {known(`pop.outcome.${contact.outcome}`) ?? contact.outcome}
        {contact.agent && <> · <bdi>{names.agent(contact.agent)}</bdi></>}
        {contact.group && <> · <bdi>{names.group(contact.group)}</bdi></>}
        {contact.talk_s > 0 && <span className="quiet figure"> · {clockText(contact.talk_s)}</span>}
        {contact.direction !== "inbound" && <span className="quiet"> · {known(`call.kind.${contact.direction}`) ?? contact.direction}</span>}
      </span>
      {contact.disposition && <Tag className="contact-code">{contact.disposition}</Tag>}
      {contact.note && (
        <p className="contact-note">
          <bdi>{contact.note}</bdi>
        </p>
      )}
    </li>
  );
}
