import { EditOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Form, Input, Popconfirm, Select, Table } from "antd";
import { useState } from "react";

import { useLoaded } from "../api/hooks";
import type { Role } from "../api/session";
import { useDo } from "../api/useDo";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { useSelect, useTopic } from "../live/hooks";
import type { Agent } from "../live/shapes";
import { allOf, type Objects } from "../live/store";
import { useMinute } from "../live/ticks";
import { FormDialog } from "../shell/FormDialog";
import { useWho } from "../shell/session";
import {
  addAccount,
  changeAccount,
  readAccounts,
  readTeams,
  removeAccount,
  renewPassword,
  resetSecondFactor,
  type Account,
  type Team,
} from "./api";
import { Loaded } from "./Loaded";
import { Once } from "./Once";
import { TeamNames, TeamsDialog, TeamsItem } from "./Teams";

const NONE: readonly Team[] = [];
const ROLES: readonly Role[] = ["agent", "supervisor", "admin"];

export default function AccountsPart() {
  const { t } = useI18n();
  const { session } = useWho();
  const act = useDo();
  const accounts = useLoaded("accounts", readAccounts);
  const teams = useLoaded("teams", readTeams).value ?? NONE;
  const [adding, setAdding] = useState(false);
  const [bounding, setBounding] = useState<Account | null>(null);
  const [password, setPassword] = useState<{ username: string; password: string } | null>(null);
  const now_s = useMinute();
  const renew = (username: string) => act(async () => setPassword({ username, ...(await renewPassword(username)) }));
  const change = async (account: Account, what: Parameters<typeof changeAccount>[1]) => {
    if (await act(() => changeAccount(account.username, what), t("admin.changed"))) accounts.reload();
  };
  const resetSecond = async (account: Account) => {
    if (await act(() => resetSecondFactor(account.username), t("admin.changed"))) accounts.reload();
  };
  const drop = async (account: Account) => {
    if (await act(() => removeAccount(account.username), t("admin.account-removed"))) accounts.reload();
  };
  return (
    <>
      <div className="spread">
        <p className="quiet">{t("admin.accounts-note")}</p>
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t("admin.account-add")}
        </Button>
      </div>
      <Loaded state={accounts}>
        {(found) => (
          <Table<Account>
            size="small"
            rowKey="username"
            pagination={found.length > 50 ? { pageSize: 50 } : false}
            dataSource={found}
            columns={[
              { title: t("admin.username"), dataIndex: "username", sorter: (one, other) => one.username.localeCompare(other.username), render: (name: string) => <bdi>{name}</bdi> },
              { title: t("admin.role"), dataIndex: "role", render: (role: Role) => t(`admin.role.${role}`) },
              { title: t("board.agent"), dataIndex: "agent", render: (agent: string | null) => agent ?? <span className="quiet">–</span> },
              ...(teams.length > 0
                ? [
                    {
                      title: t("board.teams"),
                      key: "teams",
                      render: (_: unknown, account: Account) =>
                        account.role === "supervisor" && (
                          <span className="teams-cell">
                            <TeamNames ids={account.teams} teams={teams} />
                            <Button size="small" type="text" icon={<EditOutlined />} aria-label={t("admin.teams-of", { name: account.username })} title={t("admin.teams-of", { name: account.username })} onClick={() => setBounding(account)} />
                          </span>
                        ),
                    },
                  ]
                : []),
              {
                title: t("board.state"),
                key: "state",
                render: (_, account) => (
                  <>
                    {account.disabled && <span className="mark bad">{t("admin.disabled")}</span>}
                    {account.locked_until !== null && secondsOf(account.locked_until) > now_s && <span className="mark warn">{t("admin.locked")}</span>}
                    {account.second_factor && <span className="mark good">{t("admin.second-factor")}</span>}
                    {account.single_sign_on && <span className="mark">{t("admin.single-sign-on", { name: account.single_sign_on })}</span>}
                    {account.must_change_password && <span className="mark">{t("admin.must-change")}</span>}
                  </>
                ),
              },
              {
                title: t("board.actions"),
                key: "do",
                render: (_, account) => (
                  <span className="row">
                    <Popconfirm title={t("admin.renew-sure", { name: account.username })} onConfirm={() => renew(account.username)}>
                      <Button size="small">{t("admin.renew")}</Button>
                    </Popconfirm>
                    {account.second_factor && (
                      <Popconfirm title={t("admin.second-factor-sure", { name: account.username })} onConfirm={() => resetSecond(account)}>
                        <Button size="small">{t("admin.second-factor-reset")}</Button>
                      </Popconfirm>
                    )}
                    {account.disabled ? (
                      <Button size="small" onClick={() => void change(account, { disabled: false })}>
                        {t("admin.enable")}
                      </Button>
                    ) : (
                      <Popconfirm title={t("admin.disable-sure", { name: account.username })} onConfirm={() => change(account, { disabled: true })} disabled={account.username === session.username}>
                        <Button size="small" danger disabled={account.username === session.username}>
                          {t("admin.disable")}
                        </Button>
                      </Popconfirm>
                    )}
                    <Popconfirm title={t("admin.account-sure", { name: account.username })} onConfirm={() => drop(account)} disabled={account.username === session.username}>
                      <Button size="small" danger disabled={account.username === session.username}>
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
      {bounding && (
        <TeamsDialog
          account={bounding}
          teams={teams}
          onClose={() => setBounding(null)}
          onChosen={async (chosen) => {
            await change(bounding, { teams: chosen });
            setBounding(null);
          }}
        />
      )}
      {adding && (
        <AddAccount
          teams={teams}
          onClose={() => setAdding(false)}
          onAdded={(made) => {
            setAdding(false);
            setPassword(made);
            accounts.reload();
          }}
        />
      )}
      <Once secret={password?.password ?? null} title={t("admin.password-of", { name: password?.username ?? "" })} note={t("admin.password-note")} onClose={() => setPassword(null)} />
    </>
  );
}

interface Given {
  username: string;
  role: Role;
  agent?: string;
  teams?: string[];
}

function AddAccount({ teams, onClose, onAdded }: { teams: readonly Team[]; onClose: () => void; onAdded: (made: { username: string; password: string }) => void }) {
  const { t } = useI18n();
  useTopic("wallboard");
  const agents = useSelect("wallboard", agentsOf, (one, other) => one.length === other.length);
  const act = useDo();
  const [busy, setBusy] = useState(false);
  const [form] = Form.useForm<Given>();
  const role = Form.useWatch("role", form);
  const add = async ({ username, role, agent, teams }: Given) => {
    setBusy(true);
    await act(async () => {
      const { account, password } = await addAccount({ username: username.trim(), role, agent: agent ?? null, teams: teams && teams.length > 0 ? teams : null });
      onAdded({ username: account.username, password });
    });
    setBusy(false);
  };
  return (
    <FormDialog<Given> form={form} title={t("admin.account-add")} okText={t("admin.add")} busy={busy} initialValues={{ role: "agent" }} onFinish={(given) => void add(given)} onClose={onClose}>
      <Form.Item name="username" label={t("admin.username")} rules={[{ required: true, pattern: /^[a-z0-9][a-z0-9._-]*$/, message: t("admin.username-wrong") }]}>
        <Input autoFocus autoComplete="off" maxLength={64} />
      </Form.Item>
      <Form.Item name="role" label={t("admin.role")}>
        <Select options={ROLES.map((role) => ({ value: role, label: t(`admin.role.${role}`) }))} />
      </Form.Item>
      <Form.Item name="agent" label={t("board.agent")} extra={t("admin.agent-note")}>
        <Select allowClear showSearch={{ optionFilterProp: "label" }} options={agents.map(({ id, name }) => ({ value: id, label: `${name} (${id})` }))} />
      </Form.Item>
      {role === "supervisor" && teams.length > 0 && <TeamsItem teams={teams} />}
    </FormDialog>
  );
}

const agentsOf = (objects: Objects): Agent[] => allOf<Agent>(objects, "agent");
