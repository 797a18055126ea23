import { DatePicker } from "antd";
import dayjs from "dayjs";
import timezonePlugin from "dayjs/plugin/timezone";
import utc from "dayjs/plugin/utc";

dayjs.extend(utc);
dayjs.extend(timezonePlugin);

interface Props {
  at_s: number | null;
  faulty: boolean;
  label: string;
  /** The one of the centre: the picker shows and takes its times. */
  timezone: string;
  onChange: (at_s: number | null) => void;
}

export default function MomentPicker({ at_s, faulty, label, timezone, onChange }: Props) {
  const now = dayjs().tz(timezone);
  return (
    <DatePicker
      aria-label={label}
      showTime={{ format: "HH:mm", minuteStep: 5 }}
      format="YYYY-MM-DD HH:mm"
      value={at_s === null ? null : dayjs.unix(at_s).tz(timezone)}
      defaultPickerValue={now}
      minDate={now.startOf("day")}
      maxDate={now.add(1, "year")}
      status={faulty ? "error" : ""}
      showNow={false}
      needConfirm={false}
      onChange={(chosen) => onChange(chosen ? dayjs.tz(chosen.format("YYYY-MM-DD HH:mm"), timezone).unix() : null)}
    />
  );
}
