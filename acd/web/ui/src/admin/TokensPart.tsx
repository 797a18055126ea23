import { PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Form, Input, Popconfirm, Select, Table, Tag } from "antd";
import { useState } from "react";

import { useLoaded } from "../api/hooks";
import { useDo } from "../api/useDo";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { live } from "../live/live";
import { useMinute } from "../live/ticks";
import { FormDialog } from "../shell/FormDialog";
import { addToken, readTeams, readTokens, removeToken, SCOPES, type Team, type Token } from "./api";
import { Loaded } from "./Loaded";
import { Once } from "./Once";
import { TeamNames, TeamsItem } from "./Teams";

const NONE: readonly Team[] = [];
const DAY_S = 86_400;
const DAYS = [30, 90, 365, 0] as const;

export default function TokensPart() {
  const { t } = useI18n();
  const format = useFormat();
  const now_s = useMinute();
  const act = useDo();
  const tokens = useLoaded("tokens", readTokens);
  const teams = useLoaded("teams", readTeams).value ?? NONE;
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  const moment = (at: string | null) => (at === null ? <span className="quiet">–</span> : format.moment(secondsOf(at), now_s));
  const revoke = async (token: Token) => {
    if (await act(() => removeToken(token.id), t("admin.token-removed"))) tokens.reload();
  };
  return (
    <>
      <div className="spread">
        <p className="quiet">{t("admin.tokens-note")}</p>
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t("admin.token-add")}
        </Button>
      </div>
      <Loaded state={tokens}>
        {(found) => (
          <Table<Token>
            size="small"
            rowKey="id"
            pagination={false}
            dataSource={found}
            columns={[
              { title: t("admin.name"), dataIndex: "name", render: (name: string, token) => <TokenName name={name} token={token} /> },
              { title: t("admin.scopes"), dataIndex: "scopes", render: (scopes: string[]) => <span className="marks">{scopes.map((scope) => <Tag key={scope}>{scope}</Tag>)}</span> },
              ...(teams.length > 0 ? [{ title: t("board.teams"), dataIndex: "teams", render: (ids: string[] | null) => <TeamNames ids={ids} teams={teams} /> }] : []),
              { title: t("admin.made-by"), dataIndex: "created_by" },
              { title: t("admin.expires"), dataIndex: "expires_at", render: moment },
              { title: t("admin.last-used"), dataIndex: "last_used_at", render: moment },
              {
                title: t("board.actions"),
                key: "do",
                render: (_, token) => (
                  <Popconfirm title={t("admin.token-sure", { name: token.name })} onConfirm={() => revoke(token)}>
                    <Button size="small" danger>
                      {t("admin.revoke")}
                    </Button>
                  </Popconfirm>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {adding && (
        <AddToken
          teams={teams}
          onClose={() => setAdding(false)}
          onAdded={(key) => {
            setAdding(false);
            setMade(key);
            tokens.reload();
          }}
        />
      )}
      <Once secret={made?.key ?? null} title={t("admin.token-of", { name: made?.name ?? "" })} note={t("admin.token-note")} onClose={() => setMade(null)} />
    </>
  );
}

interface Given {
  name: string;
  scopes: string[];
  days: number;
  teams?: string[];
}

function AddToken({ teams, onClose, onAdded }: { teams: readonly Team[]; onClose: () => void; onAdded: (made: { name: string; key: string }) => void }) {
  const { t } = useI18n();
  const act = useDo();
  const [busy, setBusy] = useState(false);
  const [form] = Form.useForm<Given>();
  const scopes = Form.useWatch("scopes", form);
  const add = async ({ name, scopes, days, teams }: Given) => {
    setBusy(true);
    await act(async () => {
      const expires_at = days === 0 ? null : new Date((live.now_s() + days * DAY_S) * 1000).toISOString();
      const { token, key } = await addToken({ name: name.trim(), scopes, expires_at, teams: teams && teams.length > 0 ? teams : null });
      onAdded({ name: token.name, key });
    });
    setBusy(false);
  };
  return (
    <FormDialog<Given> form={form} title={t("admin.token-add")} okText={t("admin.add")} busy={busy} initialValues={{ scopes: ["read:state"], days: 365 }} onFinish={(given) => void add(given)} onClose={onClose}>
      <Form.Item name="name" label={t("admin.name")} extra={t("admin.token-name-note")} rules={[{ required: true, whitespace: true, message: t("admin.name-missing") }]}>
        <Input autoFocus maxLength={100} autoComplete="off" />
      </Form.Item>
      <Form.Item name="scopes" label={t("admin.scopes")} rules={[{ required: true, message: t("admin.scopes-missing") }]}>
        <Checkbox.Group className="choices" options={SCOPES.map((scope) => ({ value: scope, label: <ScopeText scope={scope} /> }))} />
      </Form.Item>
      {teams.length > 0 && !scopes?.includes("admin") && <TeamsItem teams={teams} />}
      <Form.Item name="days" label={t("admin.expires")} dependencies={["scopes"]} rules={[{ validator: async (_, days: number) => { if (days === 0 && scopes?.includes("admin")) throw new Error(t("admin.token-end-missing")); } }]}>
        <Select options={DAYS.map((days) => ({ value: days, label: days === 0 ? t("admin.never") : t("admin.in-days", { days }) }))} />
      </Form.Item>
    </FormDialog>
  );
}

/** With a mark where it works no longer because of who made it. */
function TokenName({ name, token }: { name: string; token: Token }) {
  const { t } = useI18n();
  return (
    <span className="marks">
      <bdi>{name}</bdi>
      {token.state === "maker-gone" && <span className="mark bad">{t("admin.token-maker-gone")}</span>}
    </span>
  );
}

/** In words, and as the API and the table of tokens name it. */
function ScopeText({ scope }: { scope: (typeof SCOPES)[number] }) {
  const { t } = useI18n();
  return (
    <>
      {t(`admin.scope.${scope}`)} <code className="quiet">{scope}</code>
    </>
  );
}
