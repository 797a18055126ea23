import { Button, Space } from "antd";
import { lazy, Suspense, useState } from "react";

import { useFormat } from "../../format/hooks";
import { useI18n } from "../../i18n/i18n";
import { live } from "../../live/live";

// The calendar is large and seldom needed.
const MomentPicker = lazy(() => import("./MomentPicker"));

/** A promise to call back, with its time. */
export function CallbackPromise({ at_s, faulty, onChange }: { at_s: number | null; faulty: boolean; onChange: (at_s: number | null) => void }) {
  const { t } = useI18n();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  if (!open && at_s === null) {
    return (
      <Button type="dashed" onClick={() => setOpen(true)}>
        {t("wrap-up.callback.add")}
      </Button>
    );
  }
  return (
    <div className="field">
      <span>{t("wrap-up.callback")}</span>
      <Space wrap>
        <Suspense fallback={null}>
          <MomentPicker at_s={at_s} faulty={faulty} label={t("wrap-up.callback")} timezone={format.timezone} onChange={onChange} />
        </Suspense>
        <Button
          type="text"
          onClick={() => {
            onChange(null);
            setOpen(false);
          }}
        >
          {t("wrap-up.callback.remove")}
        </Button>
      </Space>
      {at_s !== null && <span className={faulty ? "fault" : "quiet"}>{faulty ? t("wrap-up.callback.past") : format.distance(at_s, live.now_s())}</span>}
    </div>
  );
}
