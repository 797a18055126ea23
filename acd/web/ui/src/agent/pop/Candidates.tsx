import { Button, Tag } from "antd";

import type { Card } from "../../api/customers";
import { useI18n } from "../../i18n/i18n";

/** Several customers share the number: one question to the caller, one click. */
export function Candidates({ cards, onChoose }: { cards: Card[]; onChoose: (card: Card) => void }) {
  const { t } = useI18n();
  return (
    <section className="card" aria-labelledby="pop-candidates">
      <h2 id="pop-candidates" className="card-title">
        {t("pop.candidates", { count: cards.length })}
      </h2>
      <ul className="candidates">
        {cards.map((card) => (
          <li key={card.id}>
            <Button onClick={() => onChoose(card)} className="candidate">
              <bdi className="cut">{card.name}</bdi>
              <bdi className="quiet cut">{card.company}</bdi>
              {card.segment && <Tag color="blue">{card.segment}</Tag>}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
