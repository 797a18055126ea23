import { SaveOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { useState } from "react";

import { useLoaded } from "../api/hooks";
import { useI18n } from "../i18n/i18n";
import type { Question } from "./question";
import { readSaved } from "./saved";
import { SaveDialog } from "./SaveDialog";

/** Keeps what is asked for now under a name. */
export function Keep({ question, timezone }: { question: Question; timezone: string }) {
  const { t } = useI18n();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);
  const { value } = useLoaded(open ? "saved reports" : null, readSaved);
  return (
    <>
      <Button icon={<SaveOutlined />} onClick={() => setOpen(true)}>
        {t("saved.keep")}
      </Button>
      {value && (
        <SaveDialog
          open={open}
          question={question}
          mail={value.mail}
          timezone={timezone}
          onClose={() => setOpen(false)}
          onKept={(name) => {
            setOpen(false);
            void message.success(t("saved.kept", { name }));
          }}
        />
      )}
    </>
  );
}
