import { Form, Modal, type FormInstance } from "antd";
import { useId, type ReactNode } from "react";

interface Props<Given> {
  title: string;
  okText: string;
  initialValues: Partial<Given>;
  onFinish: (given: Given) => void;
  onClose: () => void;
  /** Only where a dialog has to look into its own form. */
  form?: FormInstance<Given>;
  open?: boolean;
  /** Whether what was given is on its way: it is not given twice. */
  busy?: boolean;
  /** What went wrong, above the fields. */
  news?: ReactNode;
  children: ReactNode;
}

/** A form in a dialog. Its button is the form's own, so that Enter in a field does the same. */
export function FormDialog<Given>({ title, okText, initialValues, onFinish, onClose, form, open = true, busy = false, news, children }: Props<Given>) {
  const id = useId();
  const [own] = Form.useForm<Given>();
  return (
    <Modal open={open} title={title} okText={okText} okButtonProps={{ htmlType: "submit", form: id }} confirmLoading={busy} onCancel={onClose} destroyOnHidden>
      {news}
      {/* What is missing is said below its field, in the reader's language, not in a bubble of the browser's. */}
      <Form<Given> id={id} noValidate form={form ?? own} layout="vertical" requiredMark={false} preserve={false} initialValues={initialValues} onFinish={onFinish}>
        {children}
      </Form>
    </Modal>
  );
}
