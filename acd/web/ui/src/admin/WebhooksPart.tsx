import { PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Drawer, Form, Input, Popconfirm, Switch, Table, Tag } from "antd";
import { useState } from "react";

import { useLoaded } from "../api/hooks";
import { useDo } from "../api/useDo";
import { useFormat } from "../format/hooks";
import { useI18n } from "../i18n/i18n";
import { useMinute } from "../live/ticks";
import { FormDialog } from "../shell/FormDialog";
import { addWebhook, changeWebhook, readDeliveries, readWebhooks, removeWebhook, testWebhook, type Delivery, type Webhook } from "./api";
import { Loaded } from "./Loaded";
import { Once } from "./Once";

const EVENTS = [
  "call.arrived",
  "call.queued",
  "call.offered",
  "call.answered",
  "call.held",
  "call.resumed",
  "call.transferred",
  "call.ended",
  "agent.state",
  "callback.created",
  "outside.budget",
  "voicemail.created",
  "disposition",
];

export default function WebhooksPart() {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const act = useDo();
  const webhooks = useLoaded("webhooks", readWebhooks);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [shown, setShown] = useState<Webhook | null>(null);
  const [outcome, setOutcome] = useState<Record<string, string>>({});
  const act_ = async (work: () => Promise<unknown>, done?: string) => (await act(work, done)) && webhooks.reload();
  const test = (webhook: Webhook) =>
    act_(async () => {
      const { ok, status, error, took_ms } = await testWebhook(webhook.id);
      setOutcome((old) => ({ ...old, [webhook.id]: ok ? t("admin.test-good", { status: status ?? "", took_ms }) : t("admin.test-bad", { reason: error ?? String(status) }) }));
    });
  return (
    <>
      <div className="spread">
        <p className="quiet">{t("admin.webhooks-note")}</p>
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t("admin.webhook-add")}
        </Button>
      </div>
      <Loaded state={webhooks}>
        {(found) => (
          <Table<Webhook>
            size="small"
            rowKey="id"
            pagination={false}
            dataSource={found}
            columns={[
              {
                title: t("admin.address"),
                dataIndex: "url",
                render: (url: string, one) => (
                  <>
                    <bdi className="address">{url}</bdi>
                    {one.note && <p className="quiet small">{one.note}</p>}
                    {one.disabled_why && <p className="fault-text">{one.disabled_why}</p>}
                    {one.last_error && one.failing_since !== null && <p className="fault-text">{t("admin.failing", { time: format.moment(one.failing_since, now_s), reason: one.last_error })}</p>}
                    {outcome[one.id] && <p role="status">{outcome[one.id]}</p>}
                  </>
                ),
              },
              { title: t("admin.events"), dataIndex: "events", render: (events: string[]) => <span className="marks">{events.map((event) => <Tag key={event}>{event}</Tag>)}</span> },
              {
                title: t("admin.waiting"),
                key: "waiting",
                render: (_, one) => (
                  <>
                    {one.waiting}
                    {one.dropped > 0 && <span className="fault-text"> {t("admin.dropped", { count: one.dropped })}</span>}
                  </>
                ),
              },
              { title: t("admin.on"), key: "on", render: (_, one) => <Switch size="small" checked={one.enabled} aria-label={t("admin.on")} onChange={(enabled) => void act_(() => changeWebhook(one.id, { enabled }))} /> },
              {
                title: t("board.actions"),
                key: "do",
                render: (_, one) => (
                  <span className="row">
                    <Button size="small" onClick={() => void test(one)}>
                      {t("admin.test")}
                    </Button>
                    <Button size="small" onClick={() => setShown(one)}>
                      {t("admin.deliveries")}
                    </Button>
                    <Popconfirm title={t("admin.webhook-sure")} onConfirm={() => act_(() => removeWebhook(one.id), t("admin.webhook-removed"))}>
                      <Button size="small" danger>
                        {t("admin.remove")}
                      </Button>
                    </Popconfirm>
                  </span>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {adding && (
        <AddWebhook
          onClose={() => setAdding(false)}
          onAdded={(made) => {
            setAdding(false);
            setSecret(made);
            webhooks.reload();
          }}
        />
      )}
      <Once secret={secret} title={t("admin.webhook-secret")} note={t("admin.secret-note")} onClose={() => setSecret(null)} />
      <Drawer open={shown !== null} size={820} title={t("admin.deliveries-of", { url: shown?.url ?? "" })} onClose={() => setShown(null)} destroyOnHidden>
        {shown && <Deliveries id={shown.id} />}
      </Drawer>
    </>
  );
}

function Deliveries({ id }: { id: string }) {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  return (
    <Loaded state={useLoaded(`deliveries ${id}`, (signal) => readDeliveries(id, signal))}>
      {(found) => (
        <Table<Delivery>
          size="small"
          rowKey="id"
          pagination={false}
          dataSource={found}
          expandable={{ expandedRowRender: (one) => <pre className="story">{one.body}</pre> }}
          columns={[
            { title: t("admin.at"), dataIndex: "created_at", render: (at_s: number) => format.moment(at_s, now_s) },
            { title: t("admin.event"), dataIndex: "event" },
            { title: t("board.state"), dataIndex: "state", render: (state: Delivery["state"]) => <span className={`mark ${{ waiting: "", delivered: "good", failed: "bad" }[state]}`}>{t(`admin.delivery.${state}`)}</span> },
            { title: t("admin.tries"), dataIndex: "tries" },
            { title: t("admin.answer"), key: "answer", render: (_, one) => one.error ?? one.status ?? (one.next_at !== null ? t("admin.next-try", { time: format.moment(one.next_at, now_s) }) : "–") },
          ]}
        />
      )}
    </Loaded>
  );
}

interface Given {
  url: string;
  events: string[];
  note?: string;
}

function AddWebhook({ onClose, onAdded }: { onClose: () => void; onAdded: (secret: string) => void }) {
  const { t } = useI18n();
  const act = useDo();
  const [busy, setBusy] = useState(false);
  const add = async ({ url, events, note }: Given) => {
    setBusy(true);
    await act(async () => onAdded((await addWebhook({ url: url.trim(), events, note: note?.trim() ?? "" })).secret));
    setBusy(false);
  };
  return (
    <FormDialog<Given> title={t("admin.webhook-add")} okText={t("admin.add")} busy={busy} initialValues={{ events: ["call.ended"] }} onFinish={(given) => void add(given)} onClose={onClose}>
      <Form.Item name="url" label={t("admin.address")} rules={[{ required: true, pattern: /^https?:\/\/\S+$/, message: t("admin.address-wrong") }]}>
        <Input autoFocus type="url" maxLength={2000} />
      </Form.Item>
      <Form.Item name="events" label={t("admin.events")} rules={[{ required: true, message: t("admin.events-missing") }]}>
        <Checkbox.Group className="choices" options={EVENTS} />
      </Form.Item>
      <Form.Item name="note" label={t("admin.note")}>
        <Input maxLength={200} />
      </Form.Item>
    </FormDialog>
  );
}
