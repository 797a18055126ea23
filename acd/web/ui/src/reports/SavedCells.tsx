import { useI18n } from "../i18n/i18n";
import type { Catalogue } from "./api";
import { goneOf, scheduleOf, type BrokenReport, type Run, type SavedReport } from "./saved";

/** What it asks, and what of that there is no longer. */
export function About({ saved: { asked }, catalogue }: { saved: SavedReport; catalogue: Catalogue }) {
  const { t } = useI18n();
  const title = catalogue.reports.find(({ name }) => name === asked.report)?.title ?? asked.report;
  const gone = goneOf(asked, catalogue.choices).map(({ filter, id }) => `${t(`reports.by.${filter}`)}: ${id}`);
  return (
    <>
      {title} · {t(`reports.period.${asked.period}`)}
      {gone.length > 0 && (
        <div>
          <span className="mark warn">{t("saved.gone")}</span> <bdi>{gone.join(", ")}</bdi>
          <div className="quiet saved-why">{t("saved.gone-do")}</div>
        </div>
      )}
    </>
  );
}

/** The reason is the server's, in its own words. */
export function WhyBroken({ broken: { why } }: { broken: BrokenReport }) {
  const { t } = useI18n();
  return (
    <>
      <span className="mark bad">{t("saved.broken")}</span> <bdi>{why}</bdi>
      <div className="quiet saved-why">{t("saved.broken-do")}</div>
    </>
  );
}

export function Sent({ saved: { schedule, enabled, recipients } }: { saved: SavedReport }) {
  const { t, known } = useI18n();
  const { every, day, time } = scheduleOf(schedule);
  const days = { never: "", daily: "", weekly: known(`saved.weekday.${day}`) ?? day, monthly: day === "last" ? t("saved.last-day") : day }[every];
  return (
    <>
      {every === "never" ? t("saved.every.never") : [t(`saved.every.${every}`), days, time].filter(Boolean).join(" ")}
      {every !== "never" && !enabled && <span className="mark">{t("saved.off")}</span>}
      {recipients.length > 0 && (
        <div className="quiet cut saved-to" title={recipients.join(", ")}>
          {recipients.join(", ")}
        </div>
      )}
    </>
  );
}

export function State({ run, at }: { run: Run; at: string }) {
  const { known, t } = useI18n();
  const without = run.state === "waiting" ? run.waiting : [...run.waiting, ...Object.keys(run.refused)];
  const tone = { sent: "good", failed: "bad" }[run.state] ?? "";
  return (
    <span title={run.error ?? undefined}>
      <span className={`mark ${tone}`}>{known(`saved.state.${run.state}`) ?? run.state}</span>
      <span className="figure quiet">{at}</span>
      {without.length > 0 && <span className="quiet"> {t(run.state === "waiting" ? "saved.not-yet-to" : "saved.not-to", { addresses: without.join(", ") })}</span>}
    </span>
  );
}
