import { DownloadOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { useState } from "react";

import { download } from "../api/http";
import { useDo } from "../api/useDo";
import { useI18n } from "../i18n/i18n";
import { filePath, FORMATS, type FileFormat } from "./api";
import type { Question } from "./question";

/** The report as it is asked for, as a file. */
export function Export({ question, disabled }: { question: Question; disabled: boolean }) {
  const { t, language } = useI18n();
  const [busy, setBusy] = useState(false);
  const doIt = useDo();
  const save = async (format: FileFormat) => {
    setBusy(true);
    await doIt(() => download(filePath(question, language, format), `${question.report}.${format}`));
    setBusy(false);
  };
  return (
    <Dropdown trigger={["click"]} disabled={disabled} menu={{ items: FORMATS.map((format) => ({ key: format, label: t(`reports.file.${format}`) })), onClick: ({ key }) => void save(key as FileFormat) }}>
      <Button icon={<DownloadOutlined />} loading={busy}>
        {t("reports.export")}
      </Button>
    </Dropdown>
  );
}
