import type { MenuProps } from "antd";

import { RowMenu, type Opened } from "../grid/RowMenu";
import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent } from "../live/shapes";
import { useWho } from "../shell/session";

export type AgentDeed =
  | { do: "spy"; mode: "listen" | "whisper" | "barge" }
  | { do: "state"; state: "ready" | "not_ready" | "logged_out"; reason?: string }
  | { do: "message" }
  | { do: "why" };

interface Props extends Opened<Agent> {
  onDeed: (deed: AgentDeed, agent: Agent) => void;
  onClose: () => void;
}

/** What can be done about one agent, who goes on changing while it is open. */
export function AgentMenu({ row, button, onDeed, onClose }: Props) {
  const agent = useObject("wallboard", "agent", row.id) ?? row;
  const { t, label } = useI18n();
  const reasons = useObject("wallboard", "centre")?.reasons ?? [];
  const talks = agent.state === "talking";
  const noPhone = useNoPhone();
  const canListen = talks && noPhone === null;
  const item = (key: string, text: string, deed: AgentDeed, disabled = false) => ({ key, label: text, disabled, onClick: () => onDeed(deed, agent) });
  const items: NonNullable<MenuProps["items"]> = [
    {
      type: "group",
      key: "listen-group",
      label: <span className="row-menu-note">{talks ? (noPhone ?? t("board.on-call")) : t("board.no-call")}</span>,
      children: [
        item("listen", t("board.listen"), { do: "spy", mode: "listen" }, !canListen),
        item("whisper", t("board.whisper"), { do: "spy", mode: "whisper" }, !canListen),
        item("barge", t("board.barge"), { do: "spy", mode: "barge" }, !canListen),
        item("why", t("board.why-agent"), { do: "why" }, agent.call === null && agent.wrap_up_call === null),
      ],
    },
    { type: "divider" },
    {
      type: "group",
      key: "state-group",
      label: t("board.set-state"),
      children: [
        item("ready", t("board.state.ready"), { do: "state", state: "ready" }, agent.state === "logged_out" || agent.state === "ready"),
        {
          key: "not-ready",
          label: t("board.state.not_ready"),
          disabled: agent.state === "logged_out",
          children: reasons.filter((reason) => reason.selectable).map((reason) => item(`reason-${reason.id}`, label(reason.label), { do: "state", state: "not_ready", reason: reason.id })),
        },
        item("logged-out", t("board.log-out"), { do: "state", state: "logged_out" }, agent.state === "logged_out"),
      ],
    },
    { type: "divider" },
    item("message", t("board.message"), { do: "message" }),
  ];
  return <RowMenu button={button} items={items} onClose={onClose} />;
}

/** Why nobody can listen here: one listens at the phone at which one's own agent is logged in. */
function useNoPhone(): string | null {
  const { t } = useI18n();
  const { agent } = useWho().session;
  const me = useObject("wallboard", "agent", agent);
  if (agent === null) return t("board.no-agent");
  return me?.phone ? null : t("board.no-phone");
}
