import { PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";

import type { CallOrder } from "../api/me";
import { useI18n } from "../i18n/i18n";
import type { Control } from "./controls";

/** Why a recording may be paused: what is kept with the call. */
const REASONS = ["card", "health", "wish"] as const;

interface Props {
  off: boolean;
  can: ReadonlySet<Control>;
  pending: Control | null;
  onOrder: (control: Control, order: CallOrder) => void;
}

export function RecordPause({ off, can, pending, onOrder }: Props) {
  const { t } = useI18n();
  if (can.has("record-resume")) {
    return (
      <Button className="control" type="primary" icon={<PlayCircleOutlined aria-hidden />} disabled={off} loading={pending === "record-resume"} onClick={() => onOrder("record-resume", { do: "record-resume" })}>
        {t("call.do.record-resume")}
      </Button>
    );
  }
  return (
    <Dropdown
      trigger={["click"]}
      disabled={off || !can.has("record-pause")}
      menu={{
        items: [
          {
            type: "group",
            label: t("call.record.why"),
            children: REASONS.map((reason) => ({ key: reason, label: t(`call.record.reason.${reason}`), onClick: () => onOrder("record-pause", { do: "record-pause", reason }) })),
          },
        ],
      }}
    >
      <Button className="control" icon={<PauseCircleOutlined aria-hidden />} disabled={off || !can.has("record-pause")} loading={pending === "record-pause"}>
        {t("call.do.record-pause")}
      </Button>
    </Dropdown>
  );
}
