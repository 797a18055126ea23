import { Form, Radio, Select } from "antd";
import { useState } from "react";

import { useI18n } from "../i18n/i18n";
import { FormDialog } from "../shell/FormDialog";
import type { Account, Team } from "./api";

/** What teams are called; null: all. One that is not configured any more is called by its id, and marked. */
export function TeamNames({ ids, teams }: { ids: readonly string[] | null; teams: readonly Team[] }) {
  const { t, label } = useI18n();
  if (ids === null) return <span className="quiet">{t("admin.teams-all")}</span>;
  return (
    <span className="marks">
      {ids.map((id) => {
        const team = teams.find((one) => one.id === id);
        return (
          <span key={id} className={team ? "mark" : "mark warn"} title={team ? id : t("admin.team-gone")}>
            <bdi>{team ? label(team.name) : id}</bdi>
          </span>
        );
      })}
    </span>
  );
}

/** A field of a new account, or token; nothing chosen is all. */
export function TeamsItem({ teams }: { teams: readonly Team[] }) {
  const { t } = useI18n();
  return (
    <Form.Item name="teams" label={t("board.teams")} extra={t("admin.teams-note")}>
      <Select mode="multiple" allowClear showSearch={{ optionFilterProp: "label" }} placeholder={t("admin.teams-all")} {...useTeamOptions(teams)} />
    </Form.Item>
  );
}

interface Given {
  all: boolean;
  teams?: string[];
}

/** For all teams, or for some: that nothing is chosen must not come to mean everything. */
export function TeamsDialog({ account, teams, onClose, onChosen }: { account: Account; teams: readonly Team[]; onClose: () => void; onChosen: (teams: string[] | null) => Promise<void> }) {
  const { t } = useI18n();
  const [form] = Form.useForm<Given>();
  const all = Form.useWatch("all", form) ?? account.teams === null;
  const [busy, setBusy] = useState(false);
  const options = useTeamOptions(teams);
  const choose = async (given: Given) => {
    setBusy(true);
    await onChosen(given.all ? null : (given.teams ?? []));
    setBusy(false);
  };
  const known = (account.teams ?? []).filter((id) => teams.some((team) => team.id === id));
  return (
    <FormDialog<Given> form={form} title={t("admin.teams-of", { name: account.username })} okText={t("admin.save")} busy={busy} initialValues={{ all: account.teams === null, teams: known }} onFinish={(given) => void choose(given)} onClose={onClose}>
      <Form.Item name="all" extra={t("admin.teams-note")}>
        <Radio.Group
          className="choices"
          options={[
            { value: true, label: t("admin.teams-all") },
            { value: false, label: t("admin.teams-some") },
          ]}
        />
      </Form.Item>
      {!all && (
        <Form.Item name="teams" label={t("board.teams")} rules={[{ required: true, message: t("admin.teams-missing") }]}>
          <Select mode="multiple" autoFocus showSearch={{ optionFilterProp: "label" }} {...options} />
        </Form.Item>
      )}
    </FormDialog>
  );
}

/** What a choice of teams offers: by name, and in the list with how many agents are in each. */
function useTeamOptions(teams: readonly Team[]) {
  const { t, label } = useI18n();
  return {
    options: teams.map(({ id, name, agents }) => ({ value: id, label: label(name), count: agents.length })),
    optionRender: ({ data }: { data: { label: string; count: number } }) => (
      <>
        <bdi>{data.label}</bdi> <span className="quiet">{t("admin.team-agents", { count: data.count })}</span>
      </>
    ),
  };
}
