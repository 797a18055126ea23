import { DatePicker } from "antd";
import dayjs from "dayjs";
import timezone from "dayjs/plugin/timezone";
import utc from "dayjs/plugin/utc";

import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";

dayjs.extend(utc);
dayjs.extend(timezone);

interface Props {
  from: string | null;
  to: string | null;
  onChange: (from: string | null, to: string | null) => void;
}

/** From when to when, as clocks of the centre show it, wherever this browser is: no time zone is reckoned with here. */
export function PeriodPicker({ from, to, onChange }: Props) {
  const { t } = useI18n();
  const today = dayjs().tz(useFormat().timezone).startOf("day");
  const shown = (text: string | null) => (text === null ? null : dayjs(text));
  const written = (picked: dayjs.Dayjs | null | undefined) => picked?.format("YYYY-MM-DDTHH:mm") ?? null;
  const naive = (day: dayjs.Dayjs) => dayjs(day.format("YYYY-MM-DDTHH:mm"));
  return (
    <DatePicker.RangePicker
      showTime={{ format: "HH:mm" }}
      format="YYYY-MM-DD HH:mm"
      allowEmpty={[true, true]}
      className="w-330"
      aria-label={t("calls.period")}
      placeholder={[t("calls.today"), t("calls.to")]}
      value={[shown(from), shown(to)]}
      presets={[
        { label: t("calls.today"), value: [naive(today), naive(today.add(1, "day"))] },
        { label: t("calls.yesterday"), value: [naive(today.subtract(1, "day")), naive(today)] },
        { label: t("calls.week"), value: [naive(today.subtract(6, "day")), naive(today.add(1, "day"))] },
      ]}
      onChange={(picked) => onChange(written(picked?.[0]), written(picked?.[1]))}
    />
  );
}
