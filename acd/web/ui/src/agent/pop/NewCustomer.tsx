import { Alert, AutoComplete, Button, Form, Input, Select } from "antd";
import { useDeferredValue, useState } from "react";

import { addCard, changeCard, findCustomers, type Card } from "../../api/customers";
import { ApiError } from "../../api/http";
import { useFaultText, useLoaded } from "../../api/hooks";
import { useI18n } from "../../i18n/i18n";
import type { Call } from "../../live/shapes";

interface Given {
  name: string;
  company?: string;
  email?: string;
  language?: string;
}

/** An unknown caller becomes a new card, or is found among those known and gets this number. */
export function NewCustomer({ call, others, onMade }: { call: Call; others: boolean; onMade: (card: Card) => void }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [open, setOpen] = useState(!others);
  const [query, setQuery] = useState("");
  const sought = useDeferredValue(query.trim());
  const { value } = useLoaded(sought.length > 1 ? sought : null, (signal) => findCustomers(sought, signal, 8));
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);

  const attempt = async (make: () => Promise<Card>) => {
    setBusy(true);
    setFault(null);
    try {
      onMade(await make());
    } catch (why) {
      setFault(why);
    }
    setBusy(false);
  };
  const numbers = call.caller_number ? [call.caller_number] : [];
  const make = ({ name, company, email, language }: Given) =>
    attempt(() => addCard({ name: name.trim(), company: company?.trim() ?? "", emails: email?.trim() ? [email.trim()] : [], language: language ?? "", numbers }));
  const join = (card: Card) => attempt(() => changeCard(card.id, card.version, { numbers: [...new Set([...card.numbers, ...numbers])] }));

  if (!open) {
    return (
      <Button type="link" className="align-start" onClick={() => setOpen(true)}>
        {t("pop.new.open")}
      </Button>
    );
  }
  return (
    <section className="card" aria-labelledby="pop-new">
      <h2 id="pop-new" className="card-title">
        {t("pop.new.title")}
      </h2>
      <AutoComplete
        className="full"
        value={query}
        onChange={(text: string) => setQuery(text)}
        onSelect={(id: string) => {
          const card = value?.customers.find((one) => one.id === id);
          setQuery("");
          if (card) void join(card);
        }}
        options={(value?.customers ?? []).map((card) => ({ value: card.id, label: [card.name, card.company, card.numbers[0]].filter(Boolean).join(" · ") }))}
      >
        <Input aria-label={t("pop.new.search")} placeholder={t("pop.new.search")} maxLength={100} />
      </AutoComplete>
      <Form<Given> layout="vertical" className="grid-form" onFinish={make} disabled={busy} requiredMark={false} initialValues={{ name: call.caller_name ?? "" }}>
        <Form.Item name="name" label={t("pop.name")} rules={[{ required: true, whitespace: true, message: t("pop.new.name-missing") }]}>
          <Input maxLength={200} autoComplete="off" />
        </Form.Item>
        <Form.Item name="company" label={t("pop.company")}>
          <Input maxLength={200} autoComplete="off" />
        </Form.Item>
        <Form.Item name="email" label={t("pop.emails")} rules={[{ type: "email", message: t("pop.new.email-wrong") }]}>
          <Input maxLength={254} autoComplete="off" inputMode="email" />
        </Form.Item>
        <Form.Item name="language" label={t("pop.language")}>
          <Select allowClear options={[{ value: "en", label: t("pop.language.en") }, { value: "zh", label: t("pop.language.zh") }]} />
        </Form.Item>
        <Button htmlType="submit" type="primary" loading={busy}>
          {t("pop.new.make")}
        </Button>
      </Form>
      {fault !== null && <Alert type="error" showIcon title={faultText(fault)} description={fault instanceof ApiError ? Object.values(fault.fields).join(" ") || undefined : undefined} />}
    </section>
  );
}
