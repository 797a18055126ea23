import { Alert, Modal, Typography } from "antd";

import { useI18n } from "../i18n/i18n";

/** A secret that is shown this once. */
export function Once({ secret, title, note, onClose }: { secret: string | null; title: string; note: string; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Modal open={secret !== null} title={title} onOk={onClose} onCancel={onClose} cancelButtonProps={{ hidden: true }} okText={t("admin.noted")} mask={{ closable: false }} destroyOnHidden>
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
