import { InboxOutlined } from "@ant-design/icons";
import { Alert, Checkbox, Modal, Upload } from "antd";
import { useState } from "react";

import { useFaultText } from "../api/hooks";
import { useI18n } from "../i18n/i18n";
import { importCards, type ImportReport } from "../api/customers";

export function ImportDialog({ open, onClose, onImported }: { open: boolean; onClose: () => void; onImported: () => void }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const [busy, setBusy] = useState(false);
  const [whole, setWhole] = useState(false);
  const [name, setName] = useState("");
  const [report, setReport] = useState<ImportReport | null>(null);
  const [fault, setFault] = useState<unknown>(undefined);
  const take = async (file: File) => {
    setBusy(true);
    setName(file.name);
    setReport(null);
    setFault(undefined);
    try {
      setReport(await importCards(file, whole));
      onImported();
    } catch (why) {
      setFault(why);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open={open} title={t("customers.import")} width={760} footer={null} onCancel={onClose} destroyOnHidden afterClose={() => setReport(null)}>
      <p className="quiet">{t("customers.import-note")}</p>
      <p>
        <Checkbox checked={whole} disabled={busy} onChange={(event) => setWhole(event.target.checked)}>
          {t("customers.all-or-nothing")}
        </Checkbox>
      </p>
      <Upload.Dragger accept=".csv,text/csv" maxCount={1} showUploadList={false} disabled={busy} beforeUpload={(file) => (void take(file), false)}>
        <InboxOutlined className="import-icon" />
        <p>{busy ? t("customers.importing", { name }) : t("customers.import-drop")}</p>
      </Upload.Dragger>
      <div role="status">
        {fault !== undefined && <Alert type="error" showIcon title={faultText(fault)} />}
        {report && <Report report={report} name={name} />}
      </div>
    </Modal>
  );
}

function Report({ report, name }: { report: ImportReport; name: string }) {
  const { t } = useI18n();
  return (
    <>
      <Alert
        type={report.faulty > 0 ? "warning" : "success"}
        showIcon
        title={t("customers.imported", { name, added: report.added, changed: report.changed, unchanged: report.unchanged, faulty: report.faulty })}
        description={report.applied ? undefined : t("customers.not-applied")}
      />
      {report.faults.length > 0 && (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be within reach of the keyboard
        <div className="faulty" tabIndex={0} role="region" aria-label={t("customers.faulty-lines")}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t("customers.line")}</th>
                <th scope="col">{t("customers.column")}</th>
                <th scope="col">{t("customers.reason")}</th>
                <th scope="col">{t("customers.got")}</th>
              </tr>
            </thead>
            <tbody>
              {report.faults.map((fault) => (
                <tr key={`${fault.line} ${fault.column} ${fault.reason}`}>
                  <td className="figure">{fault.line}</td>
                  <td>{fault.column}</td>
                  <td>{fault.reason}</td>
                  <td>
                    <bdi>{fault.value}</bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {report.faulty > report.faults.length && <p className="quiet">{t("customers.more-faulty", { count: report.faulty - report.faults.length })}</p>}
    </>
  );
}
