import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import type { Fact } from "./api";
import { decisionsOf } from "./decisions";

/** Who got a call and why: each decision with its reasons, in the words of the routing. */
export function Decisions({ facts }: { facts: readonly Fact[] }) {
  const { t, known } = useI18n();
  const format = useFormat();
  const decisions = decisionsOf(facts);
  if (decisions.length === 0) return <p className="quiet">{t("why.no-decision")}</p>;
  return (
    <ol className="decisions">
      {decisions.map(({ at, text, values, reasons }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- the past does not change
        <li key={index}>
          <span className="figure quiet">{format.timeWithSeconds(at)}</span>{" "}
          {t(text, { ...values, failure: known(`why.failure.${values["failure"]}`) ?? values["failure"] ?? "" })}
          <ul>
            {reasons.map((reason) => (
              <li key={reason} className="quiet">
                {reason}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}
