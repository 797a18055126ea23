import { Alert, Modal, Typography } from "antd";

import { useI18n } from "../i18n/i18n";

/** A secret that is shown this once. It is made already, so there is nothing to cancel, and no stray click or key takes it away. */
export function Once({ secret, title, note, onClose }: { secret: string | null; title: string; note: string; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Modal
      open={secret !== null}
      title={title}
      onOk={onClose}
      okText={t("admin.noted")}
      footer={(_, { OkBtn }) => <OkBtn />}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      destroyOnHidden
    >
      <Alert type="warning" showIcon title={t("admin.once")} />
      <p className="once">
        <Typography.Text code copyable={{ text: secret ?? "", tooltips: [t("admin.copy"), t("admin.copied")] }}>
          {secret}
        </Typography.Text>
      </p>
      <p className="quiet">{note}</p>
    </Modal>
  );
}
