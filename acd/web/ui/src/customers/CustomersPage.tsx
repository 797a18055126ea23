import "../shell/parts.css";
import "./customers.css";

import { DownloadOutlined, PlusOutlined, UploadOutlined } from "@ant-design/icons";
import { Alert, Button, Empty, Input } from "antd";
import { useDeferredValue, useState } from "react";
import { useLocation, useRoute } from "wouter";

import { useFaultText, useLoaded } from "../api/hooks";
import { mayAct } from "../api/session";
import { useI18n } from "../i18n/i18n";
import { useWho } from "../shell/session";
import { EXPORT_PATH, findCustomers, FOUND, readFields, type Card, type CustomField } from "../api/customers";
import { CardPage } from "./CardPage";
import { titleOf } from "./details";
import { ImportDialog } from "./ImportDialog";
import { NewCard } from "./NewCard";

const NO_FIELDS: readonly CustomField[] = [];

/** Search on the left, the card on the right. */
export default function CustomersPage() {
  const { t } = useI18n();
  const { session } = useWho();
  const [, goTo] = useLocation();
  const [, route] = useRoute("/:id");
  const [sought, setSought] = useState("");
  const [importing, setImporting] = useState(false);
  const found = useLoaded(`find ${useDeferredValue(sought)}`, (signal) => findCustomers(sought.trim(), signal));
  const fields = useLoaded("fields", readFields).value ?? NO_FIELDS;
  const id = route?.id === undefined ? null : decodeURIComponent(route.id);
  const faultText = useFaultText();

  return (
    <div className="customers">
      <aside className="customers-list">
        <div className="spread">
          <h1>{t("shell.customers")}</h1>
          <span className="row">
            <Button type="primary" icon={<PlusOutlined />} aria-label={t("customers.new")} title={t("customers.new")} onClick={() => goTo("/new")} />
            {mayAct(session, "supervisor") && (
              <>
                <Button icon={<UploadOutlined />} aria-label={t("customers.import")} title={t("customers.import")} onClick={() => setImporting(true)} />
                <Button icon={<DownloadOutlined />} aria-label={t("customers.export")} title={t("customers.export")} href={EXPORT_PATH} download />
              </>
            )}
          </span>
        </div>
        <Input.Search
          autoFocus
          allowClear
          value={sought}
          maxLength={200}
          loading={found.loading}
          placeholder={t("customers.find-hint")}
          aria-label={t("customers.find")}
          onChange={(event) => setSought(event.target.value)}
        />
        <div role="status" className="unseen">
          {found.value && t("customers.found", { count: found.value.customers.length })}
        </div>
        {found.fault !== undefined && <Alert type="error" showIcon title={faultText(found.fault)} />}
        {found.value?.customers.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("customers.none")} />}
        <ul className="customers-found">
          {found.value?.customers.map((card) => (
            <li key={card.id}>
              <button type="button" className="customer" aria-current={card.id === id} onClick={() => goTo(`/${encodeURIComponent(card.id)}`)}>
                <Line card={card} />
              </button>
            </li>
          ))}
        </ul>
        {found.value?.after && <p className="quiet">{t("customers.more", { count: FOUND })}</p>}
      </aside>
      <section className="customers-card" aria-label={t("customers.card")}>
        {id === null && <Empty className="panel" description={t("customers.choose")} image={Empty.PRESENTED_IMAGE_SIMPLE} />}
        {id === "new" && (
          <NewCard
            fields={fields}
            onAdded={(card) => {
              found.reload();
              goTo(`/${encodeURIComponent(card.id)}`);
            }}
          />
        )}
        {id !== null && id !== "new" && <CardPage key={id} id={id} fields={fields} onChanged={found.reload} onGone={() => goTo("/")} onGoTo={(other) => goTo(`/${encodeURIComponent(other)}`, { replace: true })} />}
      </section>
      <ImportDialog open={importing} onClose={() => setImporting(false)} onImported={found.reload} />
    </div>
  );
}

function Line({ card }: { card: Card }) {
  const { t } = useI18n();
  const more = [card.name ? card.company : "", card.numbers[0]].filter(Boolean).join(" · ");
  return (
    <>
      <bdi className="cut">{titleOf(card) || t("customers.unnamed")}</bdi>
      {card.segment && <span className="mark">{card.segment}</span>}
      <bdi className="cut quiet">{more}</bdi>
    </>
  );
}
