import { Alert, Button, Cascader, Input, Progress, Space } from "antd";
import { useEffect, useRef, useState } from "react";

import { useFaultText } from "../../api/hooks";
import { orderState, sendWrapUp, type WrapUpForm } from "../../api/me";
import { clockText } from "../../format/format";
import { useI18n } from "../../i18n/i18n";
import { useLink } from "../../live/hooks";
import { live } from "../../live/live";
import type { Agent, Call } from "../../live/shapes";
import { useNow } from "../../live/ticks";
import { useShortcuts } from "../../shell/shortcuts";
import { useAction } from "../useAction";
import { CallbackPromise } from "./CallbackPromise";
import { options } from "./choices";
import { fieldsOf, isEmpty, lacks, toSend, wayTo, type Lack } from "./draft";
import { FieldInput } from "./FieldInput";
import { useDraft } from "./useDraft";

type Order = "send" | "extend";

interface Props {
  agent: Agent;
  call: Call;
  form: WrapUpForm | null;
  /** False until it is known what the group wants to know: nothing may be sent before. */
  formKnown: boolean;
}

/** What is noted about the call, from the first ring on; in the wrap-up with its clock. Sending ends the wrap-up. */
export function WrapUpPanel({ agent, call, form, formKnown }: Props) {
  const { t, label } = useI18n();
  const faultText = useFaultText();
  const off = useLink() !== "up";
  const { draft, change, finish, kept } = useDraft(call.id);
  const { pending, run } = useAction<Order>(agent);
  const [tried, setTried] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const note = useRef<{ focus: () => void } | null>(null);
  const wrapping = agent.state === "wrap_up" && agent.wrap_up_call === call.id;
  const way = wayTo(draft.code, form?.dispositions ?? []);
  const missing = lacks(draft, form, live.now_s());

  useEffect(() => {
    if (wrapping && document.activeElement === document.body) note.current?.focus();
  }, [wrapping]);

  const send = () => {
    setTried(true);
    if (missing.length > 0) return;
    setFault(null);
    void run("send", async () => {
      try {
        await finish(() => (form?.required || !isEmpty(draft) ? sendWrapUp(call.id, toSend(draft, form), wrapping) : orderState({ do: "wrap-up-done" })));
      } catch (why) {
        setFault(why);
        throw why;
      }
    });
  };
  const extend = () => void run("extend", () => orderState({ do: "wrap-up-extend" }));
  useShortcuts([
    { code: "KeyF", keys: "F", title: "wrap-up.finish", on: wrapping && !off && formKnown, run: send },
    { code: "KeyX", keys: "X", title: "wrap-up.extend", on: wrapping && !off, run: extend },
    { code: "KeyO", keys: "O", title: "wrap-up.note", on: true, run: () => note.current?.focus() },
  ]);

  return (
    <section className={wrapping ? "card wrap-up wrap-up-now" : "card wrap-up"} aria-labelledby="wrap-up">
      <header className="card-head">
        <h2 id="wrap-up" className="card-title">
          {t(wrapping ? "wrap-up.now" : "wrap-up.title")}
        </h2>
        {draft.saved_ms > 0 && <span className="quiet kept">{t(kept === false ? "wrap-up.keeping" : "wrap-up.kept")}</span>}
      </header>
      {wrapping && <WrapUpClock agent={agent} />}
      {form && form.dispositions.length > 0 && (
        <label className="field">
          <span>
            {t("wrap-up.disposition")}
            {form.required && <span className="required">{t("wrap-up.required")}</span>}
          </span>
          <Cascader
            className="full"
            placement="bottomRight"
            value={way.map((node) => node.code)}
            onChange={(codes) => change({ code: codes?.at(-1) ? String(codes.at(-1)) : null })}
            options={options(form.dispositions, label)}
            showSearch
            placeholder={t("wrap-up.choose")}
            aria-label={t("wrap-up.disposition")}
            status={tried && has(missing, "code") ? "error" : ""}
          />
        </label>
      )}
      {fieldsOf(way).map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          value={draft.fields[field.name] ?? ""}
          faulty={tried && missing.some((lack) => lack.what === "field" && lack.name === field.name)}
          onChange={(value) => change({ fields: { ...draft.fields, [field.name]: value } })}
        />
      ))}
      <label className="field">
        <span>{t("wrap-up.note")}</span>
        <Input.TextArea ref={note as never} value={draft.note} readOnly={pending === "send"} rows={5} className="note-text" maxLength={4000} onChange={(event) => change({ note: event.target.value })} />
      </label>
      <CallbackPromise at_s={draft.callback_at} faulty={tried && has(missing, "callback-past")} onChange={(callback_at) => change({ callback_at })} />
      <div role="alert">
        {tried && missing.length > 0 && <p className="fault">{t("wrap-up.missing")}</p>}
        {fault !== null && <Alert type="error" showIcon title={faultText(fault)} />}
      </div>
      {wrapping && (
        <Space className="wrap-up-end">
          <Button type="primary" disabled={off || !formKnown} loading={pending === "send"} onClick={send} aria-keyshortcuts="Alt+F">
            {t("wrap-up.finish")}
          </Button>
          <Button disabled={off} loading={pending === "extend"} onClick={extend} aria-keyshortcuts="Alt+X">
            {t("wrap-up.extend")}
          </Button>
        </Space>
      )}
    </section>
  );
}

const has = (missing: readonly Lack[], what: Lack["what"]): boolean => missing.some((lack) => lack.what === what);

function WrapUpClock({ agent }: { agent: Agent }) {
  const { t } = useI18n();
  const now_s = useNow();
  if (agent.until_at === null) return <p className="quiet">{t("wrap-up.open-end")}</p>;
  const whole = Math.max(1, agent.until_at - agent.since_at);
  const left = Math.max(0, agent.until_at - now_s);
  return (
    <div className={left < 10 ? "wrap-up-clock wrap-up-short" : "wrap-up-clock"}>
      <span className="figure" role="timer">
        {clockText(Math.ceil(left))}
      </span>
      <Progress percent={(100 * left) / whole} showInfo={false} size="small" status="normal" aria-label={t("wrap-up.left")} />
    </div>
  );
}
