import { Checkbox, Form, Input, Select } from "antd";
import { useMemo } from "react";

import { sendMessage } from "./api";
import { useDo } from "../api/useDo";
import { useI18n } from "../i18n/i18n";
import { live } from "../live/live";
import type { Agent } from "../live/shapes";
import { allOf } from "../live/store";
import { FormDialog } from "../shell/FormDialog";

interface Props {
  /** To whom, to begin with. */
  to: readonly string[];
  names: ReadonlyMap<string, string>;
  onClose: () => void;
}

interface Given {
  to: string[];
  text: string;
  urgent: boolean;
}

export function MessageDialog({ to, names, onClose }: Props) {
  const { t } = useI18n();
  const act = useDo();
  const agents = useMemo(() => allOf<Agent>(live.store.objects("wallboard"), "agent"), []);
  const send = async (given: Given) => {
    if (await act(() => sendMessage(given.to.includes("*") ? ["*"] : given.to, given.text.trim(), given.urgent ?? false), t("message.sent"))) {
      onClose();
    }
  };
  return (
    <FormDialog<Given> title={t("message.title")} okText={t("message.send")} initialValues={{ to: [...to], urgent: false }} onFinish={(given) => void send(given)} onClose={onClose}>
      <Form.Item name="to" label={t("message.to")} rules={[{ required: true, message: t("message.to-missing") }]}>
        <Select
          mode="multiple"
          showSearch={{ optionFilterProp: "label" }}
          maxTagCount="responsive"
          options={[
            { value: "*", label: t("message.everybody") },
            { label: t("board.groups"), options: [...names].map(([id, name]) => ({ value: `group:${id}`, label: name })) },
            { label: t("board.agents"), options: agents.map((agent) => ({ value: agent.id, label: agent.name })) },
          ]}
        />
      </Form.Item>
      <Form.Item name="text" label={t("message.text")} rules={[{ required: true, whitespace: true, message: t("message.text-missing") }]}>
        <Input.TextArea autoFocus rows={3} maxLength={500} showCount />
      </Form.Item>
      <Form.Item name="urgent" valuePropName="checked" extra={t("message.urgent-hint")}>
        <Checkbox>{t("message.urgent")}</Checkbox>
      </Form.Item>
    </FormDialog>
  );
}
