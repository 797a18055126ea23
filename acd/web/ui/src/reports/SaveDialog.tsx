import { Alert, Checkbox, Form, Input, Select } from "antd";
import { useState } from "react";

import { useFaultText } from "../api/hooks";
import { LANGUAGES, useI18n } from "../i18n/i18n";
import { live } from "../live/live";
import { FormDialog } from "../shell/FormDialog";
import { FORMATS, type FileFormat } from "./api";
import { dayOf, presetOf, PRESETS, type Preset } from "./periods";
import type { Question } from "./question";
import { keepReport, LAST_DAY, savedQuestion, scheduleOf, scheduleText, WEEKDAYS, type SavedReport, type Schedule } from "./saved";

interface Props {
  open: boolean;
  /** What is to be kept, or the one that is changed. */
  question?: Question;
  saved?: SavedReport;
  /** Whether it can be sent at all. */
  mail: boolean;
  timezone: string;
  onClose: () => void;
  onKept: (name: string) => void;
}

interface Given {
  name: string;
  period: Preset;
  format: FileFormat;
  language: string;
  recipients: string[];
  every: Schedule["every"];
  weekday: string;
  monthday: string;
  time: string;
  enabled: boolean;
}

const EVERY = ["never", "daily", "weekly", "monthly"] as const;
const MONTH_DAYS = [...Array.from({ length: 28 }, (_, index) => String(index + 1)), LAST_DAY];
const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** Keeps a view under a name: for looking at it again, and for sending it by e-mail. */
export function SaveDialog({ open, question, saved, mail, timezone, onClose, onKept }: Props) {
  const { t, language } = useI18n();
  const faultText = useFaultText();
  const [form] = Form.useForm<Given>();
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const every = Form.useWatch("every", form) ?? "never";
  const schedule = scheduleOf(saved?.schedule ?? null);
  const preset = question ? presetOf(question.from, question.to, dayOf(live.now_s(), timezone)) : null;
  const initial: Given = {
    name: saved?.name ?? "",
    period: saved?.asked.period ?? preset ?? "last-week",
    format: saved?.format ?? "xlsx",
    language: saved?.language ?? language,
    recipients: saved?.recipients ?? [],
    every: schedule.every,
    weekday: schedule.every === "weekly" ? schedule.day : "mon",
    monthday: schedule.every === "monthly" ? schedule.day : "1",
    time: schedule.time,
    enabled: saved?.enabled ?? true,
  };

  const keep = async (given: Given) => {
    const asked = saved?.asked ?? (question && savedQuestion(question, given.period));
    if (!asked) return;
    setBusy(true);
    setFault(null);
    try {
      const day = given.every === "monthly" ? given.monthday : given.weekday;
      const draft = { name: given.name.trim(), asked: { ...asked, period: given.period }, format: given.format, language: given.language, recipients: given.recipients, schedule: scheduleText({ every: given.every, day, time: given.time }), enabled: given.enabled };
      await keepReport(saved?.id ?? null, draft);
      onKept(draft.name);
    } catch (why) {
      setFault(why);
    }
    setBusy(false);
  };

  return (
    <FormDialog<Given>
      open={open}
      title={saved ? t("saved.change-one", { name: saved.name }) : t("saved.keep-this")}
      okText={t("saved.do-keep")}
      form={form}
      busy={busy}
      initialValues={initial}
      onFinish={(given) => void keep(given)}
      onClose={onClose}
      news={<div role="alert">{fault !== null && <Alert type="error" showIcon title={faultText(fault)} />}</div>}
    >
      <Form.Item name="name" label={t("saved.name")} rules={[{ required: true, whitespace: true, message: t("saved.name-missing") }]}>
        <Input autoFocus maxLength={80} />
      </Form.Item>
      <div className="saved-pair">
        <Form.Item name="period" label={t("reports.period")} extra={question && preset === null ? t("saved.moves") : undefined}>
          <Select options={PRESETS.map((value) => ({ value, label: t(`reports.period.${value}`) }))} />
        </Form.Item>
        <Form.Item name="format" label={t("saved.format")}>
          <Select options={FORMATS.map((value) => ({ value, label: t(`reports.file.${value}`) }))} />
        </Form.Item>
      </div>
      {!mail && <Alert type="info" showIcon title={t("error.no-mail-server")} className="saved-news" />}
      <div className="saved-pair">
        <Form.Item name="every" label={t("saved.send")}>
          <Select disabled={!mail && every === "never"} options={EVERY.map((value) => ({ value, label: t(`saved.every.${value}`) }))} />
        </Form.Item>
        {every === "weekly" && (
          <Form.Item name="weekday" label={t("saved.day")}>
            <Select options={WEEKDAYS.map((value) => ({ value, label: t(`saved.weekday.${value}`) }))} />
          </Form.Item>
        )}
        {every === "monthly" && (
          <Form.Item name="monthday" label={t("saved.day")}>
            <Select options={MONTH_DAYS.map((value) => ({ value, label: value === LAST_DAY ? t("saved.last-day") : value }))} />
          </Form.Item>
        )}
        {every !== "never" && (
          <Form.Item name="time" label={t("saved.time")} rules={[{ required: true, message: t("saved.time-missing") }]}>
            <Input type="time" />
          </Form.Item>
        )}
      </div>
      <Form.Item
        name="recipients"
        label={t("saved.recipients")}
        dependencies={["every"]}
        rules={[
          { validator: async (_, list: string[]) => { if (!list.every((one) => ADDRESS.test(one))) throw new Error(t("saved.bad-address")); } },
          { validator: async (_, list: string[]) => { if (every !== "never" && list.length === 0) throw new Error(t("saved.nobody")); } },
        ]}
      >
        <Select mode="tags" open={false} suffixIcon={null} maxCount={50} tokenSeparators={[",", ";", " "]} placeholder={t("saved.recipients-hint")} />
      </Form.Item>
      <Form.Item name="language" label={t("shell.language")}>
        <Select options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} />
      </Form.Item>
      {saved && every !== "never" && (
        <Form.Item name="enabled" valuePropName="checked">
          <Checkbox>{t("saved.enabled")}</Checkbox>
        </Form.Item>
      )}
    </FormDialog>
  );
}
