import { Button, Cascader, Popconfirm, Space } from "antd";
import { useState } from "react";

import { useLoaded } from "../../api/hooks";
import { dropDraft, readForms, sendWrapUp, type UnsentDraft, type WrapUpForm } from "../../api/me";
import { useDo } from "../../api/useDo";
import { useFormat } from "../../format/hooks";
import { useI18n } from "../../i18n/i18n";
import { useLink } from "../../live/hooks";
import { live } from "../../live/live";
import { options } from "./choices";
import { lacks, toSend, wayTo } from "./draft";
import { unsent } from "./unsent";

/** What was written about earlier calls and never sent. */
export function UnsentCard({ drafts, onDone }: { drafts: readonly UnsentDraft[]; onDone: () => void }) {
  const { t } = useI18n();
  const { value: forms, fault } = useLoaded(drafts.length > 0 ? "forms" : null, readForms);
  if (drafts.length === 0) return null;
  return (
    <section className="card" aria-labelledby="unsent">
      <h2 id="unsent" className="card-title">
        {t("unsent.title")}
      </h2>
      <ul className="messages">
        {drafts.map((one) => (
          <OneDraft key={one.call} unsentDraft={one} form={forms ? (forms[one.group ?? ""] ?? null) : fault ? null : undefined} onDone={onDone} />
        ))}
      </ul>
    </section>
  );
}

/** `form`: undefined until it is known what the group wants to know. */
function OneDraft({ unsentDraft, form, onDone }: { unsentDraft: UnsentDraft; form: WrapUpForm | null | undefined; onDone: () => void }) {
  const { t, label } = useI18n();
  const format = useFormat();
  const act = useDo();
  const off = useLink() !== "up";
  const [busy, setBusy] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const { call, name, number, started_at, draft: written } = unsentDraft;
  const draft = chosen === null ? written : { ...written, code: chosen };
  const lacksCode = form ? lacks(written, form, 0).some((lack) => lack.what === "code") : false;
  const run = async (work: () => Promise<unknown>, done?: string) => {
    setBusy(true);
    if (await act(work, done)) {
      unsent.forget(call);
      onDone();
    }
    setBusy(false);
  };
  const who = name || number || t("agent.unknown-number");
  return (
    <li className="message">
      <span className="quiet">
        {started_at !== null && `${format.moment(started_at, live.now_s())} · `}
        <bdi>{who}</bdi>
      </span>
      {written.note.trim() !== "" && (
        <p>
          <bdi>{written.note}</bdi>
        </p>
      )}
      {form && lacksCode && (
        <Cascader
          className="full"
          placement="bottomRight"
          value={wayTo(draft.code, form.dispositions).map((node) => node.code)}
          onChange={(codes) => setChosen(codes?.at(-1) ? String(codes.at(-1)) : null)}
          options={options(form.dispositions, label)}
          placeholder={t("wrap-up.choose")}
          aria-label={t("wrap-up.disposition")}
        />
      )}
      <Space className="wrap-up-end">
        <Button
          size="small"
          type="primary"
          disabled={off || form === undefined || (lacksCode && chosen === null)}
          loading={busy}
          onClick={() => void run(() => sendWrapUp(call, toSend(draft, form ?? null), false), t("unsent.sent"))}
          aria-label={t("unsent.send-of", { name: who })}
        >
          {t("unsent.send")}
        </Button>
        <Popconfirm title={t("unsent.sure")} onConfirm={() => run(() => dropDraft(call))}>
          <Button size="small" danger disabled={off || busy} aria-label={t("unsent.discard-of", { name: who })}>
            {t("unsent.discard")}
          </Button>
        </Popconfirm>
      </Space>
    </li>
  );
}
