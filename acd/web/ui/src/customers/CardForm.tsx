import { AutoComplete, Button, Checkbox, DatePicker, Form, Input, InputNumber, Select, type FormInstance } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";

import { useI18n } from "../i18n/i18n";
import { LANGUAGES } from "../i18n/i18n";
import { MASK, type CustomField, type Details } from "../api/customers";

interface Props {
  form: FormInstance<Details>;
  initial: Details;
  fields: readonly CustomField[];
  busy: boolean;
  onChange?: () => void;
  onSubmit: (details: Details) => void;
  children: ReactNode;
}

/** A card as a form; `children` are its buttons. */
export function CardForm({ form, initial, fields, busy, onChange, onSubmit, children }: Props) {
  const { t, label } = useI18n();
  const known = new Set(fields.map(({ id }) => id));
  // What the configuration no longer knows is kept and shown, and can be written over.
  const unknown = Object.keys(initial.fields).filter((name) => !known.has(name));
  const list = (name: "numbers" | "emails" | "tags") => (
    <Form.Item name={name} label={t(`customers.${name}`)} tooltip={t("customers.list-hint")}>
      <Select mode="tags" tokenSeparators={[",", ";"]} open={false} suffixIcon={null} maxCount={50} />
    </Form.Item>
  );
  return (
    <Form<Details>
      form={form}
      layout="vertical"
      initialValues={initial}
      disabled={busy}
      onValuesChange={onChange}
      onFinish={(given) => onSubmit({ ...initial, ...given, value: given.value ?? 0, fields: withoutGaps({ ...initial.fields, ...given.fields }) })}
    >
      <div className="card-form">
        <Form.Item name="name" label={t("customers.name")}>
          <Input maxLength={200} dir="auto" />
        </Form.Item>
        <Form.Item name="company" label={t("customers.company")}>
          <Input maxLength={200} dir="auto" />
        </Form.Item>
        {list("numbers")}
        {list("emails")}
        <Form.Item name="segment" label={t("customers.segment")}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="value" label={t("customers.value")} tooltip={t("customers.value-hint")}>
          <InputNumber className="wide" min={0} />
        </Form.Item>
        <Form.Item name="language" label={t("customers.language")}>
          <AutoComplete options={Object.entries(LANGUAGES).map(([code, name]) => ({ value: code === "zh-CN" ? "zh" : code, label: name }))} />
        </Form.Item>
        <Form.Item name="preferred_agent" label={t("customers.preferred_agent")}>
          <Input maxLength={32} />
        </Form.Item>
        {list("tags")}
        {fields.map((field) => (
          <Field key={field.id} field={field} hidden={initial.fields[field.id] === MASK} text={label(field.label) || field.id} />
        ))}
        {unknown.map((name) => (
          <Form.Item key={name} name={["fields", name]} label={name}>
            <Input maxLength={2000} dir="auto" />
          </Form.Item>
        ))}
      </div>
      <div className="row">{children}</div>
    </Form>
  );
}

function Field({ field, text, hidden }: { field: CustomField; text: string; hidden: boolean }) {
  const { t, label } = useI18n();
  const common = { name: ["fields", field.id], label: text, rules: field.required ? [{ required: true, message: t("customers.required") }] : [] };
  if (hidden)
    return (
      <Form.Item {...common}>
        <Input disabled />
      </Form.Item>
    );
  if (field.type === "yes_no")
    return (
      <Form.Item name={["fields", field.id]} valuePropName="checked" label={text}>
        <Checkbox>{t("customers.yes")}</Checkbox>
      </Form.Item>
    );
  if (field.type === "date")
    return (
      <Form.Item {...common} getValueProps={(value?: string) => ({ value: value ? dayjs(value) : null })} normalize={(value: dayjs.Dayjs | null) => value?.format("YYYY-MM-DD") ?? ""}>
        <DatePicker className="wide" />
      </Form.Item>
    );
  if (field.type === "choice")
    return (
      <Form.Item {...common}>
        <Select allowClear options={field.choices.map((one) => ({ value: one.value, label: label(one.label) || one.value }))} />
      </Form.Item>
    );
  return <Form.Item {...common}>{field.type === "number" ? <InputNumber className="wide" /> : <Input maxLength={2000} dir="auto" />}</Form.Item>;
}

/** What was emptied is "", so that the server takes it away; what never was there is left out. */
const withoutGaps = (fields: Details["fields"]): Details["fields"] =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));

/** To be put below a form: saves it, or gives up. */
export function SaveButtons({ busy, dirty, onDiscard, save }: { busy: boolean; dirty: boolean; onDiscard: () => void; save: string }) {
  const { t } = useI18n();
  return (
    <>
      <Button type="primary" htmlType="submit" loading={busy} disabled={!dirty}>
        {save}
      </Button>
      <Button onClick={onDiscard} disabled={!dirty || busy}>
        {t("customers.discard")}
      </Button>
    </>
  );
}
