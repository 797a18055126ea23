import { Alert, Empty, Modal, Spin } from "antd";
import type { ReactNode } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import { useNames } from "../api/names";
import { readStory } from "../calls/api";
import { Decisions } from "../calls/Story";
import { useTold } from "../calls/useTold";
import { clockText } from "../format/format";
import { useI18n } from "../i18n/i18n";
import { readWhy, type WhyWaiting } from "./api";
import { waitingText } from "./waitingLines";

/** What is asked of a call: why it waits, or why an agent got it. */
export interface Question {
  call: string;
  about: "waiting" | "agent";
  title: string;
}

export function WhyDialog({ question, onClose }: { question: Question | null; onClose: () => void }) {
  return (
    <Modal open={question !== null} title={question?.title} onCancel={onClose} footer={null} width={760} destroyOnHidden>
      {question !== null && (question.about === "waiting" ? <Waiting call={question.call} /> : <WhoGotIt call={question.call} />)}
    </Modal>
  );
}

function Waiting({ call }: { call: string }) {
  const { t } = useI18n();
  const { value, fault } = useLoaded(`why ${call}`, (signal) => readWhy(call, signal));
  if (!value) return <Pending fault={fault} />;
  return value.why ? <Report why={value.why} /> : <Empty description={t("why.no-longer")} image={Empty.PRESENTED_IMAGE_SIMPLE} />;
}

function WhoGotIt({ call }: { call: string }) {
  const { value, fault } = useLoaded(`story ${call}`, (signal) => readStory(call, signal));
  return value ? <Decisions story={value} /> : <Pending fault={fault} />;
}

function Pending({ fault }: { fault: unknown }) {
  const faultText = useFaultText();
  return fault === undefined ? <Spin className="waiting" /> : <Alert type="error" showIcon title={faultText(fault)} />;
}

function Report({ why }: { why: WhyWaiting }) {
  const { t } = useI18n();
  const told = useTold(useNames());
  const { agent, group: groupName } = told;
  return (
    <div className="why">
      {why.suspended && <Alert type="error" showIcon title={t("why.suspended")} />}
      {!why.present && <Alert type="warning" showIcon title={t("why.absent")} />}
      {why.kept_for && <Alert type="info" showIcon title={t("why.kept", { agent: agent(why.kept_for.agent), time: clockText(why.kept_for.for_s) })} />}
      <dl>
        <Item title={t("why.place")}>
          {why.position === 0 ? t("why.not-in-line") : t("why.place-of", { position: why.position, waiting: why.waiting, priority: why.priority })}
          {why.ageing && ` · ${t("why.points", { points: Math.round(why.points) })}`}
          <ul>
            {why.ahead.map((one) => (
              <li key={one.call_id} className="quiet">
                {t("why.ahead", { call: one.call_id, time: clockText(one.waited_s), by: waitingText(one.by, "ahead", told) })}
              </li>
            ))}
            {Object.entries(why.elsewhere).map(([group, count]) => (
              <li key={group} className="quiet">
                {t("why.elsewhere", { group: groupName(group), count })}
              </li>
            ))}
          </ul>
        </Item>
        <Item title={t("why.expected")}>
          {why.expected_known && why.expected_p50_s !== null && why.expected_p90_s !== null
            ? t("why.expected-of", { p50: clockText(why.expected_p50_s), p90: clockText(why.expected_p90_s) })
            : t("why.expected-unknown")}
        </Item>
        {why.ring_requires && (
          <Item title={t("why.requires")}>
            {why.rings > 0 ? t("why.ring", { ring: why.ring, rings: why.rings, requires: why.ring_requires }) : why.ring_requires}
            {why.next_ring && <p className="quiet">{t("why.next-ring", { ring: why.next_ring.ring, time: clockText(why.next_ring.in_s), requires: why.next_ring.requires, count: why.next_ring.adds_count })}</p>}
          </Item>
        )}
        <Item title={t("why.able")}>
          {why.agents.able.length === 0 && <strong className="level-alarm">{t("why.nobody")}</strong>}
          <ul>
            {why.agents.able.map((one) => (
              <li key={one.id}>
                <bdi>{one.name}</bdi> <span className="quiet">{waitingText(one.needs, "need", told)}</span>
              </li>
            ))}
            <Rest texts={why.agents.more_able.map((line) => waitingText(line, "rest", told))} />
            {Object.entries(why.agents.reserved).map(([group, count]) => (
              <li key={group}>{t("why.reserved", { group: groupName(group), count })}</li>
            ))}
          </ul>
        </Item>
        {why.agents.unable.length > 0 && (
          <Item title={t("why.unable")}>
            <ul>
              {why.agents.unable.map((one) => (
                <li key={one.id}>
                  <bdi>{one.name}</bdi> <span className="quiet">{t("why.lacks", { skills: one.lacks.map((line) => waitingText(line, "lacks", told)).join(", ") })}</span>
                </li>
              ))}
              <Rest texts={why.agents.more_unable.map((line) => waitingText(line, "rest", told))} />
            </ul>
          </Item>
        )}
        {why.agents.away_count > 0 && <Item title={t("why.away")}>{t("why.away-of", { names: why.agents.away.map(agent).join(", "), count: why.agents.away_count })}</Item>}
        {why.tried.length > 0 && (
          <Item title={t("why.tried")}>
            <Tried tried={why.tried} />
          </Item>
        )}
        {why.steps.length > 0 && (
          <Item title={t("why.policy")}>
            <ul>
              {why.steps.map((step) => (
                <li key={step.number}>
                  {step.when}: {waitingText(step.does, "does", told)}{" "}
                  <span className="quiet">
                    {step.taken_at_s !== null && t("why.step-taken", { time: clockText(step.taken_at_s) })}
                    {step.taken_at_s === null && step.due_in_s !== null && t("why.step-due", { time: clockText(step.due_in_s) })}
                    {step.hindered && ` ${waitingText(step.hindered, "hindrance", told)}`}
                  </span>
                </li>
              ))}
            </ul>
          </Item>
        )}
        {why.leaves_in_s !== null && <Item title={t("why.leaves")}>{t("why.leaves-in", { time: clockText(why.leaves_in_s) })}</Item>}
      </dl>
    </div>
  );
}

function Tried({ tried }: { tried: WhyWaiting["tried"] }) {
  const { t, known } = useI18n();
  const names = useNames();
  return (
    <ul>
      {tried.map((one) => (
        <li key={`${one.agent} ${one.ago_s}`}>{t("why.tried-ago", { agent: names.agent(one.agent), failure: known(`why.failure.${one.failure}`) ?? one.failure, time: clockText(one.ago_s) })}</li>
      ))}
    </ul>
  );
}

const Rest = ({ texts }: { texts: readonly string[] }) =>
  texts.map((text) => (
    <li key={text} className="quiet">
      … {text}
    </li>
  ));

function Item({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
