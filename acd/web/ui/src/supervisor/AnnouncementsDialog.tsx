import { Empty, Modal, Select, Switch } from "antd";
import { useState } from "react";

import { switchAnnouncement } from "./api";
import { useDo } from "../api/useDo";
import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import { live } from "../live/live";
import { useMinute } from "../live/ticks";
import type { Announcement } from "../live/shapes";

const MINUTES = [30, 60, 120, 240, 0] as const;

/** Emergency announcements that callers hear. */
export function AnnouncementsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const announcements = useObject("wallboard", "centre")?.announcements ?? [];
  return (
    <Modal open={open} title={t("announce.title")} onCancel={onClose} footer={null} destroyOnHidden>
      <p className="quiet">{t("announce.note")}</p>
      {announcements.length === 0 && <Empty description={t("announce.none")} image={Empty.PRESENTED_IMAGE_SIMPLE} />}
      <ul className="plain-list">
        {announcements.map((one) => (
          <Line key={one.id} announcement={one} />
        ))}
      </ul>
    </Modal>
  );
}

function Line({ announcement: { id, name, on, until_at } }: { announcement: Announcement }) {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const act = useDo();
  const [minutes, setMinutes] = useState<number>(60);
  const [busy, setBusy] = useState(false);
  const turn = async (wanted: boolean) => {
    setBusy(true);
    await act(() => switchAnnouncement(id, wanted, wanted && minutes > 0 ? live.now_s() + minutes * 60 : null), t(wanted ? "announce.is-on" : "announce.is-off", { name }));
    setBusy(false);
  };
  return (
    <li className="spread">
      <span>
        <strong>{name}</strong>{" "}
        {on && <span className="mark warn">{until_at === null ? t("announce.on") : t("announce.until", { time: format.moment(until_at, now_s) })}</span>}
      </span>
      <span className="row">
        {!on && (
          <Select
            value={minutes}
            onChange={setMinutes}
            aria-label={t("announce.how-long")}
            className="w-140"
            options={MINUTES.map((one) => ({ value: one, label: one === 0 ? t("announce.open-end") : t("announce.minutes", { minutes: one }) }))}
          />
        )}
        <Switch checked={on} loading={busy} onChange={(wanted) => void turn(wanted)} aria-label={t("announce.switch", { name })} />
      </span>
    </li>
  );
}
