import { LinkOutlined } from "@ant-design/icons";
import { Alert, Button, Input, Tag } from "antd";
import { useState } from "react";

import { addNote, readFields, type Card } from "../../api/customers";
import { useFaultText, useLoaded } from "../../api/hooks";
import { useNames } from "../../api/names";
import { fieldName, fieldText } from "../../customers/fieldText";
import { useFormat } from "../../format/hooks";
import { useI18n } from "../../i18n/i18n";
import { live } from "../../live/live";
import { Facts } from "./Facts";

const NOTES_SHOWN = 3;

/** Who calls. Everything on it was written by somebody somewhere, so it is shown as text and nothing else. */
export function CustomerCard({ card, links, onChanged }: { card: Card; links: { label: string; url: string }[]; onChanged: (card: Card) => void }) {
  const i18n = useI18n();
  const { t, known } = i18n;
  const format = useFormat();
  const fields = useLoaded("fields", readFields).value ?? [];
  const names = useNames();
  const rows: [string, string][] = [
    [t("pop.company"), card.company],
    [t("pop.numbers"), card.numbers.map(unbroken).join(", ")],
    [t("pop.emails"), card.emails.join(", ")],
    [t("pop.language"), card.language ? (known(`pop.language.${card.language}`) ?? card.language) : ""],
    [t("pop.value"), card.value === 0 ? "" : format.number(card.value)],
    [t("pop.preferred-agent"), card.preferred_agent && names.agent(card.preferred_agent)],
    ...Object.entries(card.fields).map(([id, value]): [string, string] => {
      const field = fields.find((one) => one.id === id);
      return [fieldName(id, field, i18n), fieldText(value, field, i18n, format)];
    }),
  ];
  return (
    <section className="card" aria-labelledby="pop-customer">
      <header className="card-head">
        <h2 id="pop-customer" className="customer-name">
          <bdi>{card.name}</bdi>
        </h2>
        <span className="tags">
          {card.segment && <Tag color="blue">{card.segment}</Tag>}
          {card.tags.map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
        </span>
        <span className="links">
          {links.filter((link) => /^https?:\/\//i.test(link.url)).map((link) => (
            <a key={link.url} href={link.url} target="_blank" rel="noopener noreferrer">
              <LinkOutlined aria-hidden /> {link.label}
            </a>
          ))}
        </span>
      </header>
      <Facts rows={rows.filter(([, value]) => value !== "")} />
      <Notes card={card} onChanged={onChanged} />
    </section>
  );
}

/** A number stays on one line. */
const unbroken = (number: string): string => number.replaceAll(" ", "\u00a0");

function Notes({ card, onChanged }: { card: Card; onChanged: (card: Card) => void }) {
  const { t } = useI18n();
  const format = useFormat();
  const faultText = useFaultText();
  const [all, setAll] = useState(false);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const notes = card.notes.toSorted((one, other) => other.at - one.at);

  const add = async () => {
    setBusy(true);
    setFault(null);
    try {
      onChanged(await addNote(card.id, text.trim()));
      setText("");
    } catch (why) {
      setFault(why);
    }
    setBusy(false);
  };

  return (
    <div className="notes">
      <h3>{t("pop.notes")}</h3>
      <ul>
        {(all ? notes : notes.slice(0, NOTES_SHOWN)).map((note) => (
          <li key={`${note.at} ${note.text}`}>
            <span className="quiet">
              {format.moment(note.at, live.now_s())} · <bdi>{note.by}</bdi>
            </span>
            <p>
              <bdi>{note.text}</bdi>
            </p>
          </li>
        ))}
      </ul>
      {notes.length > NOTES_SHOWN && (
        <Button type="link" size="small" onClick={() => setAll(!all)}>
          {t(all ? "pop.notes.fewer" : "pop.notes.all", { count: notes.length })}
        </Button>
      )}
      <form
        className="note-form"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Input value={text} maxLength={2000} placeholder={t("pop.notes.new")} aria-label={t("pop.notes.new")} onChange={(event) => setText(event.target.value)} />
        <Button htmlType="submit" disabled={!text.trim()} loading={busy}>
          {t("pop.notes.add")}
        </Button>
      </form>
      {fault !== null && <Alert type="error" showIcon title={faultText(fault)} />}
    </div>
  );
}
