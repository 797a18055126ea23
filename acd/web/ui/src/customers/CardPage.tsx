import { MergeCellsOutlined } from "@ant-design/icons";
import { Alert, Button, Form, Input, Popconfirm, Spin } from "antd";
import { useLayoutEffect, useState } from "react";

import { ApiError } from "../api/http";
import { useFaultText, useLoaded } from "../api/hooks";
import { useNames } from "../api/names";
import { mayAct } from "../api/session";
import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { useWho } from "../shell/session";
import { useDo } from "../api/useDo";
import { addNote, changeCard, MASK, readCard, readContacts, removeCard, revealCard, type Card, type CustomField, type Details } from "../api/customers";
import { CardForm, SaveButtons } from "./CardForm";
import { Conflict } from "./Conflict";
import { carriedOver, changesOf, detailsOf, titleOf } from "./details";
import { showFaults } from "./faults";
import { MergeDialog } from "./MergeDialog";

interface Props {
  id: string;
  fields: readonly CustomField[];
  onChanged: () => void;
  onGone: () => void;
  onGoTo: (id: string) => void;
}

export function CardPage({ id, fields, onChanged, onGone, onGoTo }: Props) {
  const faultText = useFaultText();
  const { value, fault, set } = useLoaded(`card ${id}`, (signal) => readCard(id, signal));
  if (!value) return fault === undefined ? <Spin className="waiting" /> : <Alert type="error" showIcon title={faultText(fault)} />;
  return (
    <CardView
      key={value.id}
      card={value}
      fields={fields}
      onSaved={(card) => {
        set(card);
        onChanged();
      }}
      onShown={set}
      onRemoved={() => {
        onChanged();
        onGone();
      }}
      onMerged={(card) => {
        onChanged();
        if (card.id === id) set(card);
        else onGoTo(card.id);
      }}
    />
  );
}

interface ViewProps {
  card: Card;
  fields: readonly CustomField[];
  onSaved: (card: Card) => void;
  /** The same version, with more of it. */
  onShown: (card: Card) => void;
  onRemoved: () => void;
  onMerged: (card: Card) => void;
}

function CardView({ card, fields, onSaved, onShown, onRemoved, onMerged }: ViewProps) {
  const { t } = useI18n();
  const { session } = useWho();
  const act = useDo();
  const [merging, setMerging] = useState(false);
  const hidden = Object.values(card.fields).includes(MASK);
  const drop = async () => {
    if (await act(() => removeCard(card.id), t("customers.removed"))) onRemoved();
  };
  return (
    <>
      <header className="spread">
        <h2 className="customer-title">
          <bdi>{titleOf(card) || t("customers.unnamed")}</bdi>
          {card.segment && <span className="mark warn">{card.segment}</span>}
          {card.tags.map((tag) => (
            <bdi key={tag} className="mark">
              {tag}
            </bdi>
          ))}
        </h2>
        <span className="row">
          {hidden && <Button onClick={() => void act(async () => onShown(await revealCard(card.id)))}>{t("customers.reveal")}</Button>}
          <Button icon={<MergeCellsOutlined />} onClick={() => setMerging(true)}>
            {t("customers.merge")}
          </Button>
          {mayAct(session, "supervisor") && (
            <Popconfirm title={t("customers.remove-sure")} onConfirm={drop}>
              <Button danger>{t("customers.remove")}</Button>
            </Popconfirm>
          )}
        </span>
      </header>
      <div className="customer-parts">
        <div className="panel">
          <Edit card={card} fields={fields} onSaved={onSaved} />
        </div>
        <div className="customer-past">
          <Notes card={card} onAdded={onSaved} />
          <Contacts id={card.id} />
        </div>
      </div>
      {merging && <MergeDialog card={card} fields={fields} onClose={() => setMerging(false)} onMerged={onMerged} />}
    </>
  );
}

interface EditProps {
  card: Card;
  fields: readonly CustomField[];
  onSaved: (card: Card) => void;
}

/** The form starts anew with each newer card, but never takes away what is being written: that stays upon the card it was written on, and saving it finds the conflict. */
function Edit({ card, fields, onSaved }: EditProps) {
  const [dirty, setDirty] = useState(false);
  const [seen, setSeen] = useState(card);
  const [base, setBase] = useState(card);
  const [round, setRound] = useState(0);
  if (seen !== card || (base.version < card.version && !dirty)) {
    const same = carriedOver(base, card);
    setSeen(card);
    if (same) setBase(same);
    else if (!dirty) {
      setBase(card);
      setRound(round + 1);
    }
  }
  return (
    <EditOf
      key={round}
      card={base}
      fields={fields}
      dirty={dirty}
      onDirty={setDirty}
      onSaved={(saved) => {
        setDirty(false);
        setBase(saved);
        setRound(round + 1);
        onSaved(saved);
      }}
    />
  );
}

/** The form, and what to do where somebody else has changed the card meanwhile. */
function EditOf({ card, fields, dirty, onDirty, onSaved }: EditProps & { dirty: boolean; onDirty: (dirty: boolean) => void }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [form] = Form.useForm<Details>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const [conflict, setConflict] = useState<{ theirs: Card; mine: Details } | null>(null);
  useLayoutEffect(() => {
    // Fields that were hidden could not be written in: they show what has come out since.
    for (const [name, value] of Object.entries(card.fields)) if (form.getFieldValue(["fields", name]) === MASK) form.setFieldValue(["fields", name], value);
  }, [card, form]);
  const save = async (mine: Details, version: number) => {
    setBusy(true);
    setFault("");
    try {
      onSaved(await changeCard(card.id, version, changesOf(detailsOf(card), mine)));
    } catch (why) {
      const theirs = why instanceof ApiError && why.status === 409 ? await readCard(card.id).catch(() => null) : null;
      if (theirs && theirs.version !== version) setConflict({ theirs, mine });
      else setFault(showFaults(form, why) || faultText(why));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {fault && <Alert type="error" showIcon title={fault} />}
      {conflict && (
        <Conflict
          base={detailsOf(card)}
          mine={conflict.mine}
          theirs={detailsOf(conflict.theirs)}
          fields={fields}
          busy={busy}
          onKeepMine={() => void save(conflict.mine, conflict.theirs.version)}
          onTakeTheirs={() => onSaved(conflict.theirs)}
        />
      )}
      <CardForm form={form} initial={detailsOf(card)} fields={fields} busy={busy} onChange={() => onDirty(true)} onSubmit={(mine) => void save(mine, card.version)}>
        <SaveButtons
          busy={busy}
          dirty={dirty}
          save={t("customers.save")}
          onDiscard={() => {
            form.resetFields();
            onDirty(false);
          }}
        />
      </CardForm>
    </>
  );
}

function Notes({ card, onAdded }: { card: Card; onAdded: (card: Card) => void }) {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const act = useDo();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    await act(async () => {
      const changed = await addNote(card.id, text.trim());
      setText("");
      onAdded(changed);
    });
    setBusy(false);
  };
  return (
    <section className="panel" aria-label={t("customers.notes")}>
      <h2>{t("customers.notes")}</h2>
      <Input.TextArea value={text} onChange={(event) => setText(event.target.value)} rows={2} maxLength={10_000} placeholder={t("customers.note-new")} aria-label={t("customers.note-new")} dir="auto" />
      <Button size="small" className="note-add" disabled={text.trim() === ""} loading={busy} onClick={() => void add()}>
        {t("customers.note-add")}
      </Button>
      <ul className="plain-list">
        {card.notes.map((note) => (
          <li key={`${note.at} ${note.text}`}>
            <p className="quiet small">
              {format.moment(note.at, now_s)} · <bdi>{note.by}</bdi>
            </p>
            <p className="note-text" dir="auto">
              {note.text}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Contacts({ id }: { id: string }) {
  const { t, known } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const names = useNames();
  const { value } = useLoaded(`contacts ${id}`, (signal) => readContacts(id, signal));
  return (
    <section className="panel" aria-label={t("customers.contacts")}>
      <h2>{t("customers.contacts")}</h2>
      {value?.length === 0 && <p className="quiet">{t("customers.no-contacts")}</p>}
      <ul className="plain-list">
        {value?.map((one) => (
          <li key={one.call}>
            <p>
              <span className="figure">{format.moment(one.at, now_s)}</span> · {known(`customers.direction.${one.direction}`) ?? one.direction} · {known(`customers.outcome.${one.outcome}`) ?? one.outcome}
              {one.talk_s > 0 && ` · ${clockText(one.talk_s)}`}
            </p>
            <p className="quiet">{[one.group && names.group(one.group), one.agent && names.agent(one.agent), one.disposition].filter(Boolean).join(" · ")}</p>
            {one.note && (
              <p className="note-text" dir="auto">
                {one.note}
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
