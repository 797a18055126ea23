import { Alert, Button, Skeleton } from "antd";

import { useFaultText } from "../../api/hooks";
import { useI18n } from "../../i18n/i18n";
import type { Call } from "../../live/shapes";
import { Before } from "./Before";
import { Candidates } from "./Candidates";
import { CustomerCard } from "./CustomerCard";
import { NewCustomer } from "./NewCustomer";
import type { PopState } from "./usePop";
import { Why } from "./Why";

/** The screen pop: how to greet, who calls, why, and what happened before. */
export function PopPanel({ call, pop }: { call: Call; pop: PopState }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const { value } = pop;
  return (
    <div className="pop" aria-busy={pop.loading}>
      {pop.fault ? (
        <Alert
          type="warning"
          showIcon
          title={t("pop.failed")}
          description={faultText(pop.fault)}
          action={
            <Button size="small" onClick={pop.reload}>
              {t("shell.retry")}
            </Button>
          }
        />
      ) : null}
      {value && value.directory !== "ok" && <Alert type="warning" showIcon title={t(`pop.directory.${value.directory}`)} />}
      {value?.greeting && (
        <p className="greeting">
          <span className="quiet">{t("pop.greeting")}</span> <bdi>{value.greeting}</bdi>
        </p>
      )}
      {!value && pop.loading && (
        <section className="card">
          <Skeleton active paragraph={{ rows: 4 }} />
        </section>
      )}
      {value && (
        <>
          {value.customer && <CustomerCard key={value.customer.id} card={value.customer} links={value.links} onChanged={(card) => pop.choose(card)} />}
          {!value.customer && value.candidates.length > 0 && <Candidates cards={value.candidates} onChoose={pop.choose} />}
          {!value.customer && value.directory !== "down" && <NewCustomer call={call} others={value.candidates.length > 0} onMade={pop.choose} />}
          <Why why={value.why} />
          <Before before={value.before} known={value.customer !== null} />
        </>
      )}
    </div>
  );
}
