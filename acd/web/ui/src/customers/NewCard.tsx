import { Alert, Button, Form } from "antd";
import { useState } from "react";

import { useFaultText } from "../api/hooks";
import { useI18n } from "../i18n/i18n";
import { addCard, type Card, type CustomField, type Details } from "../api/customers";
import { CardForm } from "./CardForm";
import { EMPTY } from "./details";
import { showFaults } from "./faults";

export function NewCard({ fields, onAdded }: { fields: readonly CustomField[]; onAdded: (card: Card) => void }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [form] = Form.useForm<Details>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const add = async (details: Details) => {
    setBusy(true);
    setFault("");
    try {
      onAdded(await addCard(details));
    } catch (why) {
      setFault(showFaults(form, why) || faultText(why));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="panel">
      <h2>{t("customers.new")}</h2>
      {fault && <Alert type="error" showIcon title={fault} />}
      <CardForm form={form} initial={EMPTY} fields={fields} busy={busy} onSubmit={(details) => void add(details)}>
        <Button type="primary" htmlType="submit" loading={busy}>
          {t("customers.add")}
        </Button>
      </CardForm>
    </div>
  );
}
